"""Exercises and their manifests: the declared, frozen description of what is asked and what it is worth.

A manifest (``exercises/<name>/exercise.toml``) declares every check id beforehand. The hidden suite may
only judge ids that stand here, and every id that stands here appears in every scorecard.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.errors import BadInput

_NEIGHBOURS = re.compile(r"^from fixtures(?:\.(?P<module>\w+))? import (?P<names>\([^)]*\)|.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Topic:
    """A part of the syllabus. ``sections`` maps an exam id to the section of it that this topic serves."""

    id: str
    title: str
    sections: Mapping[str, str]


@dataclass(frozen=True)
class Check:
    """One thing that is judged: all or nothing, worth ``points``.

    ``task`` is the number of the brief's task it belongs to; ``words`` are what a cell about it mentions
    (a table, a result's name), used to tell which cell a failure hangs on.
    """

    id: str
    title: str
    topic: str
    task: int
    points: int
    words: tuple[str, ...]
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Exercise:
    """One exercise as its manifest declares it."""

    id: str
    name: str
    title: str
    summary: str
    version: str
    folder: Path
    fixture: str
    spark: bool
    probes: bool
    """Whether its suite asks logged models how they behave."""
    workspace: bool
    """Whether its labs have a Databricks workspace, with webhooks and jobs."""
    tasks: Mapping[int, str]
    topics: tuple[Topic, ...]
    checks: tuple[Check, ...]
    results: tuple[str, ...]
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def starter(self) -> Path:
        return self.folder / "starter.py"

    @property
    def brief(self) -> Path:
        return self.folder / "README.md"

    @property
    def suite(self) -> Path:
        return self.folder / "hidden"

    @property
    def max_score(self) -> int:
        return sum(check.points for check in self.checks)

    @cached_property
    def suite_version(self) -> str:
        """The manifest's version and a digest of all that decides a mark: manifest, hidden suite, fixture."""
        digest = hashlib.sha256()
        files = [self.folder / "exercise.toml", *_fixture_files(self.fixture)]
        files += sorted(p for p in self.suite.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        for file in files:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return f"{self.version}+{digest.hexdigest()[:12]}"

    def check(self, check_id: str) -> Check:
        """The check of that id. Raises BadInput, naming the nearest ids, when there is none."""
        for check in self.checks:
            if check.id == check_id:
                return check
        raise BadInput(f"{self.id} has no check '{check_id}'. {_nearest(check_id, [c.id for c in self.checks])}")


def _fixture_files(name: str) -> list[Path]:
    """The module of a fixture and those of its neighbours that it imports, however far."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        found.append(waiting.pop(0))
        text = (home() / "fixtures" / f"{found[-1]}.py").read_text(encoding="utf-8")
        for line in _NEIGHBOURS.finditer(text):
            names = [line["module"]] if line["module"] else re.split(r"[\s,()]+", line["names"])
            waiting += [word for word in names if word and word not in (*found, *waiting)]
    return [home() / "fixtures" / f"{module}.py" for module in sorted(found)]


def home() -> Path:
    """The folder that holds ``exercises/`` and ``fixtures/``: the checkout, or the installed bundle."""
    package = Path(__file__).resolve().parent
    for candidate in (package.parent, package / "_bundle"):
        if (candidate / "exercises").is_dir() and (candidate / "fixtures").is_dir():
            return candidate
    raise BadInput("The exercises are missing from this installation. Install the project again.")


def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise, in the order of their ids."""
    manifests = sorted((home() / "exercises").glob("*/exercise.toml"))
    return tuple(sorted((load(manifest.parent) for manifest in manifests), key=lambda e: e.id))


def find(exercise_id: str) -> Exercise:
    """The exercise called ``ex1`` or ``ex1_delta``. Raises BadInput, with the nearest names, for any other."""
    exercises = all_exercises()
    for exercise in exercises:
        if exercise_id in (exercise.id, exercise.name):
            return exercise
    names, ids = [e.name for e in exercises], [e.id for e in exercises]
    raise BadInput(f"There is no exercise '{exercise_id}'. {_nearest(exercise_id, names, ids)}")


def load(folder: Path) -> Exercise:
    """Read one exercise's manifest. Raises BadInput when it is not what a manifest must be."""
    path = folder / "exercise.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _exercise(folder, data)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"The manifest {path} can't be read: {error}.") from error
    except KeyError as error:
        raise BadInput(f"The manifest {path} lacks {error}.") from error


def _exercise(folder: Path, data: Mapping[str, Any]) -> Exercise:
    topics = tuple(Topic(t["id"], t["title"], dict(t["sections"])) for t in data["topic"])
    tasks = {int(t["number"]): str(t["title"]) for t in data["task"]}
    words = {int(t["number"]): tuple(t.get("words", ())) for t in data["task"]}
    checks = tuple(
        Check(
            id=c["id"],
            title=c["title"],
            topic=c["topic"],
            task=c["task"],
            points=c["points"],
            words=tuple(c.get("words", words[c["task"]])),
            hints=tuple(c["hints"]),
        )
        for c in data["check"]
    )
    ids = [c.id for c in checks]
    if len(set(ids)) != len(ids):
        raise BadInput(f"The manifest in {folder} declares a check twice.")
    unknown = {c.topic for c in checks} - {t.id for t in topics}
    if unknown:
        raise BadInput(f"The manifest in {folder} names topics it does not declare: {', '.join(unknown)}.")
    return Exercise(
        id=folder.name.split("_")[0],
        name=folder.name,
        title=data["title"],
        summary=data["summary"],
        version=data["version"],
        folder=folder,
        fixture=data["fixture"],
        spark=data["spark"],
        probes=data.get("probes", False),
        workspace=data.get("workspace", False),
        tasks=tasks,
        topics=topics,
        checks=checks,
        results=tuple(data["results"]),
        limits=dict(data.get("limits", {})),
    )


def _nearest(word: str, known: list[str], all_of_them: list[str] | None = None) -> str:
    """What may have been meant, or else all there is (``all_of_them``: in short)."""
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"There are: {', '.join(all_of_them or known)}."
