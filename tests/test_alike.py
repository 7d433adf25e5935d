"""Likely copies: what is told whatever was renamed and moved, and what is not, since all of a class has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader import catalog, solutions, submission
from grader.classroom import alike
from grader.cli.app import app
from grader.submission import Cell

EX5 = catalog.find("ex5")
STARTER = submission.read(EX5.starter).cells


def accepted() -> dict[str, tuple[Cell, ...]]:
    """The accepted solutions that were written apart: those with a base share its cells."""
    folder = solutions.default_folder(EX5) / "accepted"
    paths = (path for path in sorted(folder.glob("*.py")) if "# base:" not in path.read_text())
    return {path.stem: submission.read(path).cells for path in paths}


def cells(text: str) -> tuple[Cell, ...]:
    return submission.parse(text)


def source(name: str) -> str:
    return (solutions.default_folder(EX5) / "accepted" / f"{name}.py").read_text()


def test_routes_of_different_people_are_not_alike() -> None:
    assert alike.pairs(accepted(), STARTER) == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("client", "registry").replace("logged", "result").replace("version", "number"),
        lambda text: "".join(f"{line}  # mine\n" if line.strip() else "\n" for line in text.splitlines()),
        lambda text: text.replace("# %% Task", "\nprint('next')\n\n# %% Task"),
        lambda text: "# %%".join(reversed(text.split("# %%")[2:])).join(["# %%", ""]),
    ],
    ids=["whole", "renamed", "commented", "spread", "reordered"],
)
def test_a_copy_is_told(change: object) -> None:
    copied = change(source("client_api"))  # type: ignore[operator]
    pairs = alike.pairs({**accepted(), "copycat": cells(copied)}, STARTER)
    assert [(pair.one, pair.other) for pair in pairs] == [("client_api", "copycat")]
    assert pairs[0].share > 0.6


def test_the_starter_is_nobodys() -> None:
    assert alike.pairs({"ann": STARTER, "bob": STARTER}, STARTER) == ()


def test_what_a_whole_class_has_is_nobodys() -> None:
    task = source("client_api")
    own = {f"learner {n}": cells(task) for n in range(20)}
    assert alike.pairs(own, STARTER) == ()


def test_the_lines_are_those_of_the_files() -> None:
    lines = ("frame = load('a').join(other, on=['a', 1])", "kept = [row for row in frame if row > 3]", "del frame[2:]")
    shared = "\n".join(f"{line}\nassert {' + '.join('n' * (at + 1))}, len(kept)" for at, line in enumerate(lines * 3))
    pairs = alike.pairs(
        {"ann": cells(f"import a\n\n{shared}\n"), "bob": cells(f"{'x = 1' + chr(10)}" * 9 + shared)}, ()
    )
    assert len(pairs) == 1
    assert {right[0] - left[0] for left, right in pairs[0].stretches} == {7}
    assert {right[1] - left[1] for left, right in pairs[0].stretches} == {7}
    assert min(left[0] for left, _ in pairs[0].stretches) == 3


def test_code_that_is_none_does_no_harm() -> None:
    work = {"ann": cells("def f(:\n  '''"), "bob": cells("\x00"), "cy": cells("%sql SELECT"), "dee": ()}
    assert alike.pairs(work, STARTER) == ()


def test_at_the_command(tmp_path: Path) -> None:
    for learner in ("ann", "bob"):
        (tmp_path / learner).mkdir()
        (tmp_path / learner / "ex5.py").write_text(source("client_api"))
    (tmp_path / "cy").mkdir()
    (tmp_path / "cy" / "ex5.ipynb").write_text("{")
    done = CliRunner().invoke(app, ["alike", str(tmp_path), "--exercise", "ex5"])
    assert done.exit_code == 0
    assert "2 submissions compared, 1 pairs alike" in done.output and "ann and bob: 100%" in done.output
    assert "Look at the lines before you judge." in " ".join(done.output.split())
