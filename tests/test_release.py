"""The learners' bundle: all that they need, and nothing that would tell an answer."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from grader import catalog, solutions, submission
from grader.catalog import Exercise
from grader.classroom.release import LIBRARIES, release
from grader.errors import BadInput
from grader.lab import load_fixture

TELLING = 45
"""Characters from which on a line is nobody's by chance."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "bundle"
    release(folder, catalog.all_exercises())
    return folder


@pytest.fixture(scope="module")
def text(bundle: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(bundle.rglob("*")) if path.is_file())


def lines(path: Path) -> set[str]:
    return {line.strip() for line in path.read_text().splitlines() if len(line.strip()) >= TELLING}


def of_starters() -> set[str]:
    return set().union(*(lines(other.starter) for other in catalog.all_exercises()))


each = pytest.mark.parametrize("exercise", catalog.all_exercises(), ids=lambda exercise: str(exercise.id))


def test_what_is_in_it(bundle: Path) -> None:
    names = {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()}
    of_exercises = {f"{e.name}/{file}" for e in catalog.all_exercises() for file in ("README.md", f"{e.name}.py")}
    assert names == {"README.md", "requirements.txt", *of_exercises}
    for exercise in catalog.all_exercises():
        assert submission.read(bundle / exercise.name / f"{exercise.name}.py").cells
        assert f"({exercise.name}/README.md)" in (bundle / "README.md").read_text()


def test_requirements_are_pinned(bundle: Path) -> None:
    rows = [row for row in (bundle / "requirements.txt").read_text().splitlines() if not row.startswith("#")]
    assert [re.split("==", row)[0] for row in rows] == list(LIBRARIES)
    assert all(re.fullmatch(r"[a-z-]+==\d[\w.]*", row) for row in rows)


@each
def test_nothing_of_the_suite_is_in_it(exercise: Exercise, text: str) -> None:
    """But for what the starters do themselves, such as an import."""
    hidden = set().union(*(lines(path) for path in exercise.suite.rglob("*.py"))) - of_starters()
    assert len(hidden) > 50
    assert {line for line in hidden if line in text} == set()


@each
def test_no_hint_is_in_it(exercise: Exercise, text: str) -> None:
    hints = [hint for check in exercise.checks for hint in check.hints]
    plain = " ".join(text.split())
    assert hints and not [hint for hint in hints if " ".join(hint.split()) in plain]


@each
def test_nothing_of_a_solution_is_in_it(exercise: Exercise, text: str) -> None:
    """But for what the starters do themselves, which is proven to earn nothing."""
    folder = solutions.default_folder(exercise)
    answers = set().union(*(lines(path) for path in (folder / "accepted").glob("*.py"))) - of_starters()
    assert len(answers) > 20
    assert {line for line in answers if line in text} == set()


@each
def test_nothing_held_out_is_in_it(exercise: Exercise, text: str) -> None:
    for seed in (1, 2):
        data = load_fixture(exercise).plan(seed)
        told = {word for word in values(data) if word in text}
        assert told == set()


def values(data: Any, depth: int = 6) -> Iterator[str]:
    """The figures of a plan that nobody would guess: those of seven digits and more."""
    if isinstance(data, float) and len(re.sub(r"\D", "", repr(data))) >= 7:
        yield repr(data)
    elif depth and dataclasses.is_dataclass(data):
        for field in dataclasses.fields(data):
            yield from values(getattr(data, field.name), depth - 1)
    elif depth and isinstance(data, Mapping):
        for value in data.values():
            yield from values(value, depth - 1)
    elif depth and isinstance(data, list | tuple | set | frozenset):
        for value in data:
            yield from values(value, depth - 1)


def test_nothing_is_mixed_in(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not empty"):
        release(bundle, catalog.all_exercises())
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is not empty"):
        release(tmp_path / "file", catalog.all_exercises())
    with pytest.raises(BadInput, match="Can't write"):
        release(Path("/proc/bundle"), catalog.all_exercises())


def test_only_what_is_asked_for(tmp_path: Path) -> None:
    written = release(tmp_path / "one", [catalog.find("ex3")])
    assert len(written) == 4 and all(path.is_file() for path in written)
