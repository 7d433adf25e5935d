"""Proving the suites: headers, overlays and the comparison, with gradings that are made up."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from grader import catalog, solutions, verify
from grader.catalog import Exercise
from grader.cli import verify as command
from grader.errors import BadInput
from grader.solutions import Solution
from grader.verify import Compared, Graded, Notify, Results

BASE = """# Whole.
# fails: nothing

# %% Set-up
root = "/lab"

# %% Task 1: create
create()

# %% Task 1 and 2: more of it
more()

# %% Task 3: read
read()
"""


def exercise() -> Exercise:
    """Exercise 1, cut down to three checks."""
    whole = catalog.find("ex1")
    return dataclasses.replace(whole, checks=whole.checks[:3])


ROWS, DERIVED, APPEND = (check.id for check in exercise().checks)


def kept(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder of solutions."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def solution(folder: Path, kind: solutions.Kind, text: str) -> Solution:
    kept(folder, {f"{kind}/one.py": text})
    return solutions.read(exercise(), kind, folder / kind / "one.py")


def test_header_says_what_base_and_fails(tmp_path: Path) -> None:
    one = solution(
        tmp_path,
        "wrong",
        f"# Writes over it.\n# base: accepted/a.py\n# fails: {ROWS}\n# fails: {APPEND}\n\n# %% Task 2\n",
    )
    assert one.name == "wrong/one.py"
    assert one.about == "Writes over it."
    assert one.base == "accepted/a.py"
    assert one.fails == {ROWS, APPEND}


def test_header_of_databricks_source(tmp_path: Path) -> None:
    text = "# Databricks notebook source\n# In SQL.\n# fails: nothing\n# COMMAND ----------\nx = 1\n"
    assert solution(tmp_path, "accepted", text).fails == frozenset()


def test_accepted_needs_no_header(tmp_path: Path) -> None:
    one = solution(tmp_path, "accepted", "x = 1\n")
    assert (one.about, one.base, one.fails) == ("", None, frozenset())


def test_notebook_needs_no_header(tmp_path: Path) -> None:
    file = tmp_path / "accepted" / "a.ipynb"
    kept(tmp_path, {"accepted/a.ipynb": '{"cells": [{"cell_type": "code", "source": ["x = 1"]}]}'})
    assert solutions.read(exercise(), "accepted", file).fails == frozenset()


@pytest.mark.parametrize(
    ("kind", "header", "words"),
    [
        ("wrong", "# fails: create.nothing", "create.nothing"),
        ("wrong", "# Says not what.", "must name the checks"),
        ("partial", "# fails: nothing", "must name the checks"),
        ("accepted", f"# fails: {ROWS}", "accepted"),
    ],
)
def test_headers_that_do_not_fit(tmp_path: Path, kind: solutions.Kind, header: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        solution(tmp_path, kind, header + "\nx = 1\n")


def test_overlay_replaces_the_cells_of_its_task() -> None:
    text = solutions.overlay(BASE, "# Wrong.\n# base: a.py\n\n# %% Task 1: badly\nbadly()\n")
    assert "badly()" in text
    assert "create()" not in text
    assert "more()" not in text
    assert text.index("root =") < text.index("badly()") < text.index("read()")


def test_overlay_drops_a_task_adds_one_and_replaces_the_set_up() -> None:
    text = solutions.overlay(BASE, "# %% Task 3: nothing\n\n# %% Task 9: extra\nextra()\n\n# %% Set-up\nroot = 2\n")
    assert "read()" not in text
    assert text.rstrip().endswith("extra()")
    assert text.startswith("# %% Set-up\nroot = 2\n")
    assert '"/lab"' not in text


def test_overlay_keeps_two_cells_of_a_task_in_their_order() -> None:
    text = solutions.overlay(BASE, "# %% Task 1: a\nfirst()\n# %% Task 1: b\nsecond()\n")
    assert text.index("first()") < text.index("second()") < text.index("read()")


def test_only_a_solution_with_a_base_is_copied(tmp_path: Path) -> None:
    kept(tmp_path, {"accepted/a.py": BASE})
    whole = solutions.read(exercise(), "accepted", tmp_path / "accepted" / "a.py")
    assert solutions.complete(whole, tmp_path) == whole.path
    one = solution(tmp_path, "wrong", f"# It.\n# base: accepted/a.py\n# fails: {ROWS}\n\n# %% Task 3\nlate()\n")
    target = solutions.complete(one, tmp_path / "wrong")
    assert target != one.path
    assert "create()" in target.read_text()
    assert "late()" in target.read_text()


def test_missing_base_is_said(tmp_path: Path) -> None:
    one = solution(tmp_path, "wrong", f"# It.\n# base: accepted/gone.py\n# fails: {ROWS}\n")
    with pytest.raises(BadInput, match=r"gone\.py"):
        solutions.complete(one, tmp_path)


@pytest.mark.parametrize("text", ["[]", "{", '{"cells": 3}', '{"cells": [3]}', "[" * 100_000], ids=len)
def test_a_notebook_of_another_form_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.ipynb").write_text(text)
    with pytest.raises(BadInput, match=r"odd\.ipynb"):
        solutions.read(exercise(), "wrong", tmp_path / "odd.ipynb")


def test_a_pipe_among_the_solutions_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(BadInput, match="not an ordinary file"):
        solutions.read(exercise(), "wrong", tmp_path / "pipe.py")


def test_installed_without_solutions_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--solutions"):
        solutions.discover(exercise(), tmp_path / "none")
    with pytest.raises(BadInput, match="no solutions"):
        solutions.discover(exercise(), tmp_path)


FILES = {
    "accepted/a.py": BASE,
    "partial/half.py": f"# Half.\n# base: accepted/a.py\n# fails: {APPEND}\n# %% Task 2\n",
    "wrong/rows.py": f"# No rows.\n# base: accepted/a.py\n# fails: {ROWS} {APPEND}\n# %% Task 1\n",
    "wrong/speed.py": f"# No speed.\n# base: accepted/a.py\n# fails: {DERIVED}\n# %% Task 3\n",
}
SHARED = "wrong/rows.py + wrong/speed.py"
Verdicts = Mapping[str, set[str] | None]
"""The checks that fail, by lab; None for a lab that grades nothing."""
AS_DECLARED: Verdicts = {
    "starter": {ROWS, DERIVED, APPEND},
    "accepted/a.py": set(),
    "partial/half.py": {APPEND},
    SHARED: {ROWS, DERIVED, APPEND},
    "wrong/rows.py": {ROWS, APPEND},
    "wrong/speed.py": {DERIVED},
}


def graded(verdict: set[str] | None, found: str = "") -> Graded:
    if verdict is None:
        return Graded(None, "no lab", 1.0)
    ids = (ROWS, DERIVED, APPEND)
    return Graded({name: ("failed" if name in verdict else "passed", "", found) for name in ids}, None, 1.0)


class Labs:
    """Gradings that are made up, and a record of which files went to which labs."""

    def __init__(self, sealed: Verdicts, warm: Verdicts | None = None, found: str = "") -> None:
        self.sealed, self.warm, self.found = sealed, warm or sealed, found
        self.used: dict[bool, list[str]] = {True: [], False: []}

    def __call__(
        self, exercise: Exercise, files: Mapping[str, Path], seed: int, jobs: int, warm: bool, notify: Notify
    ) -> Results:
        self.used[warm] += files
        for name in reversed(list(files)):
            assert files[name].is_file()
            yield name, graded((self.warm if warm else self.sealed)[name], self.found if warm else "")


def proof(folder: Path, labs: Labs) -> verify.Verification:
    """Verify ``FILES``, which are not the project's own, in these labs."""
    return verify.verify(exercise(), seed=1, folder=kept(folder, FILES), grade_all=labs)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``FILES`` are the project's own solutions."""
    kept(tmp_path, FILES)
    monkeypatch.setattr(solutions, "default_folder", lambda exercise: tmp_path)


def test_all_as_declared(tmp_path: Path) -> None:
    labs = Labs(AS_DECLARED)
    result = proof(tmp_path, labs)
    assert result.ok
    assert [c.solution.name for c in result.compared] == ["starter", *FILES]
    assert labs.used == {True: [], False: ["starter", "accepted/a.py", "partial/half.py", SHARED]}
    assert "5 of 5 solutions as declared, 3 of 3 checks proven" in "\n".join(command.render(result))


@pytest.mark.parametrize(
    ("name", "verdict", "unearned", "lost"),
    [
        ("starter", {ROWS, APPEND}, {DERIVED}, set()),
        ("accepted/a.py", {ROWS}, set(), {ROWS}),
        ("partial/half.py", set(), {APPEND}, set()),
        ("wrong/rows.py", {ROWS, DERIVED}, {APPEND}, {DERIVED}),
    ],
)
def test_each_difference_is_found(
    tmp_path: Path, name: str, verdict: set[str], unearned: set[str], lost: set[str]
) -> None:
    shared = {SHARED: verdict | {DERIVED}} if name.startswith("wrong") else {}
    result = proof(tmp_path, Labs({**AS_DECLARED, **shared, name: verdict}))
    assert not result.ok
    (wrong,) = (c for c in result.compared if not c.ok)
    assert wrong.solution.name == name
    assert set(wrong.unearned) == unearned
    assert set(wrong.lost) == lost
    text = "\n".join(command.render(result))
    assert all(f"passed, but must not: {' '.join(sorted(unearned))}" in text for _ in unearned)
    assert all(f"did not pass, but must: {' '.join(sorted(lost))}" in text for _ in lost)


def test_solutions_whose_mistakes_met_are_graded_alone(tmp_path: Path) -> None:
    labs = Labs({**AS_DECLARED, SHARED: {ROWS, APPEND}})
    assert proof(tmp_path, labs).ok
    assert labs.used[False][-2:] == ["wrong/rows.py", "wrong/speed.py"]


def test_not_graded_is_never_as_declared(tmp_path: Path) -> None:
    result = proof(tmp_path, Labs({**AS_DECLARED, "starter": None}))
    assert not result.ok
    assert "was not graded: no lab" in "\n".join(command.render(result))


def test_a_check_that_no_wrong_solution_fails_is_reported(tmp_path: Path) -> None:
    # The starter and a partial solution prove nothing: they fail a check by not trying.
    result = proof(tmp_path, Labs({**AS_DECLARED, SHARED: {ROWS, DERIVED}, "wrong/rows.py": {ROWS}}))
    assert result.unproven == (APPEND,)
    assert not result.ok
    assert f"No wrong solution fails {APPEND}" in "\n".join(command.render(result))


@pytest.mark.usefixtures("own")
def test_own_solutions_get_warm_labs_and_a_sample_sealed_ones() -> None:
    samples = set()
    for _ in range(40):
        labs = Labs(AS_DECLARED)
        result = verify.verify(exercise(), seed=1, grade_all=labs)
        assert result.ok
        assert (result.warm_labs, result.sealed_labs) == (4, verify.FEWEST_SEALED)
        assert len(labs.used[True]) == 4
        samples.add(tuple(labs.used[False]))
    assert len(samples) > 1


@pytest.mark.usefixtures("own")
def test_own_solutions_get_sealed_labs_where_that_is_asked() -> None:
    labs = Labs(AS_DECLARED)
    assert verify.verify(exercise(), seed=1, sealed=True, grade_all=labs).ok
    assert labs.used[True] == []


@pytest.mark.usefixtures("own")
def test_what_only_a_warm_lab_finds_wrong_is_a_disagreement() -> None:
    labs = Labs(AS_DECLARED, {**AS_DECLARED, "accepted/a.py": {ROWS}})
    result = verify.verify(exercise(), seed=1, grade_all=labs)
    assert all(compared.ok for compared in result.compared)
    assert not result.ok
    assert [(one.name, one.check) for one in result.disagreements] == [("accepted/a.py", ROWS)]
    assert f"a warm and a sealed lab disagree on {ROWS}" in "\n".join(command.render(result))


@pytest.mark.usefixtures("own")
def test_what_a_warm_lab_could_not_grade_is_a_disagreement() -> None:
    result = verify.verify(exercise(), seed=1, grade_all=Labs(AS_DECLARED, {**AS_DECLARED, "starter": None}))
    assert [(one.name, one.check) for one in result.disagreements] == [("starter", "")]
    assert not result.ok


@pytest.mark.usefixtures("own")
def test_warm_and_sealed_labs_must_agree_to_the_word() -> None:
    result = verify.verify(exercise(), seed=1, grade_all=Labs(AS_DECLARED, found="2 rows"))
    assert len(result.disagreements) == 3 * verify.FEWEST_SEALED
    assert not result.ok


def test_matrix_has_a_mark_for_each_check() -> None:
    made = Solution("wrong/a.py", "wrong", Path("a.py"), "A.", None, frozenset({ROWS, DERIVED}))
    compared = Compared(made, graded({ROWS, APPEND}), (made,))
    verification = verify.Verification(exercise(), 1, (compared,), (), (), 0, 1, 2.0)
    assert any("wrong/a.py  x!!  WRONG" in line for line in command.render(verification))


@pytest.mark.parametrize("warm", [True, False])
def test_a_grading_process_that_dies_is_reported(tmp_path: Path, warm: bool) -> None:
    unreadable = dataclasses.replace(exercise(), name="ex9_unknown")
    files = {"a": tmp_path / "a.py", "b": tmp_path / "b.py", "c": tmp_path / "c.py"}
    results = dict(verify.grade_in_processes(unreadable, files, 1, 2, warm, lambda *_: None))
    assert results.keys() == files.keys()
    assert all(result.not_passed is None and result.reason for result in results.values())


def test_no_learners_file_gets_into_a_warm_lab() -> None:
    """Only what proves suites opens one."""
    package = Path(verify.__file__).parent
    naming = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "lab.warm import" in path.read_text() or "warm.opened(" in path.read_text()
    }
    assert naming == {"verify.py", "pipeline.py", "lab/__init__.py"}  # the last two for the type's name
    for name in ("pipeline.py", "lab/__init__.py"):
        assert "opened(" not in (package / name).read_text()


def test_every_kept_solution_has_a_header_that_fits() -> None:
    for one in catalog.all_exercises():
        found = solutions.discover(one, solutions.default_folder(one))
        fails = frozenset().union(*(s.fails for s in found if s.kind == "wrong"))
        assert fails == {check.id for check in one.checks}
        assert all(s.about for s in found if s.path.suffix == ".py")
        assert len([s for s in found if s.kind == "accepted"]) >= 3
        assert len([s for s in found if s.kind == "partial"]) >= 2
        assert len([s for s in found if s.kind == "wrong"]) >= 12


INTERRUPTED = """
import signal
import time
from multiprocessing import get_context
from grader import interrupts

def sleep():
    time.sleep(60)

if __name__ == "__main__":
    processes = [get_context("spawn").Process(target=sleep) for _ in range(2)]
    for process in processes:
        process.start()
    try:
        print(*(process.pid for process in processes), flush=True)
        time.sleep(60)
    finally:
        interrupts.end(processes, signal.SIGINT)
"""


def test_interrupt_leaves_no_grading_behind(tmp_path: Path) -> None:
    script = tmp_path / "interrupted.py"
    script.write_text(INTERRUPTED)
    environment = {**os.environ, "PYTHONPATH": str(Path(verify.__file__).parent.parent)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as parent:
        assert parent.stdout
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.send_signal(signal.SIGINT)
        started = time.monotonic()
        parent.wait(30)
        assert time.monotonic() - started < 20
    assert not any(psutil.pid_exists(pid) for pid in children)


def test_only_overlays_whose_mistakes_cannot_meet_share_a_lab() -> None:
    exercise = catalog.find("ex3")
    found = solutions.discover(exercise, solutions.default_folder(exercise))
    groups = solutions.together(found)
    assert sorted(s.name for group in groups for s in group) == sorted(s.name for s in found)
    assert any(len(group) > 1 for group in groups)
    for group in groups:
        if len(group) > 1:
            assert {s.kind for s in group} == {"wrong"} and len({s.base for s in group}) == 1
            assert sum(len(s.fails) for s in group) == len({check for s in group for check in s.fails})
            tasks = [task for s in group for task in solutions._by_task(solutions._cells(s.path.read_text()))]
            assert 0 not in tasks and len(tasks) == len(set(tasks))


def test_overlays_laid_over_one_base_all_show(tmp_path: Path) -> None:
    exercise = catalog.find("ex3")
    groups = solutions.together(solutions.discover(exercise, solutions.default_folder(exercise)))
    first, *others = max(groups, key=len)
    text = solutions.complete(first, tmp_path, *others).read_text()
    for solution in (first, *others):
        for cells in solutions._by_task(solutions._cells(solution.path.read_text())).values():
            assert all(cell.strip() in text for cell in cells)
