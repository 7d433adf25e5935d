"""What a failed check is told to hang on: the cells that are about it, and how they ended."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from grader import catalog, interpreter
from grader.errors import NotGraded
from grader.lab.record import CellError, CellOutcome, CellRecord, LabRecord
from grader.submission import Cell
from grader.suite import court, judge
from grader.suite.api import Lab
from grader.suite.verdict import CheckResult

CHECK = catalog.find("ex3").check("log.steps")
FAILED = {"passed": False, "expected": "steps", "found": "none", "hangs_on": None}


def result(*cells: tuple[str, str, CellOutcome], passed: bool = False) -> CheckResult:
    """The check's result in a notebook of these cells: title, source and outcome of each."""
    notebook = tuple(Cell(n, title, "python", source, n) for n, (title, source, _) in enumerate(cells, start=1))
    records = tuple(CellRecord(n, title, outcome, 0.1) for n, (title, _, outcome) in enumerate(cells, start=1))
    return court._result(CHECK, {"passed": True} if passed else FAILED, records, notebook)


SET_UP: tuple[str, str, CellOutcome] = ("Set-up: leave this cell as it is", "curve_run = widget('curve_run')", "ok")


def test_a_set_up_cell_is_about_no_check() -> None:
    assert result(SET_UP).cell is None
    assert result(SET_UP, ("more", "start_run(run_name=curve_run)", "ok")).cell == 2


def test_a_heading_goes_before_words() -> None:
    told = result(SET_UP, ("Task 2: steps", "pass", "ok"), ("Task 3: files", "curve_run", "ok"))
    assert (told.outcome, told.cell) == ("failed", 2)


def test_a_cell_of_another_task_is_about_that_one_alone() -> None:
    assert result(SET_UP, ("Task 3: files", "curve_run", "ok")).cell is None
    assert result(("Task 3: files", "curve_run", "error")).outcome == "failed"


@pytest.mark.parametrize(
    ("title", "tasks"),
    [
        ("Task 3", {3}),
        ("TASK #12: rows", {12}),
        ("Tasks 3 and 4: rides", {3, 4}),
        ("Task 1, 2 and 4: rides", {1, 2, 4}),
        ("Task 1, 2, and 4", {1, 2, 4}),
        ("Tasks 3-5", {3, 4, 5}),
        ("Tasks 3 to 5, 8", {3, 4, 5, 8}),
        ("Task 3/4", {3, 4}),
        ("Task 15 and the rest of the housekeeping first", {15}),
        ("Task 3: 12 rows, task 4", {3, 4}),
        ("multitask 3", set()),
        ("the task", set()),
        (f"Task {'9' * 5000}", set()),
        ("Tasks 9-1", {9, 1}),
    ],
)
def test_which_tasks_a_heading_names(title: str, tasks: set[int]) -> None:
    assert court.tasks_in(title) == tasks


@pytest.mark.parametrize(("task", "cells"), [(4, [2]), (5, [3]), (6, [4]), (7, [4])])
def test_a_heading_that_only_mentions_a_task_is_not_about_it(task: int, cells: list[int]) -> None:
    titles = (
        "Task 1: rows",
        "Task 4: a model",
        "Task 5: predictions of the model of task 4",
        "Task 6: best, task 7: last",
    )
    notebook = tuple(Cell(number, title, "python", "x = 1", 1) for number, title in enumerate(titles, start=1))
    assert court._concerned(task, (), notebook) == cells


def test_a_check_that_hangs_on_another_is_not_reached() -> None:
    told = {"passed": False, "expected": "", "found": "nothing was logged yet", "hangs_on": "log.curve"}
    notebook = (Cell(4, "Task 2: steps", "python", "", 9),)
    found = court._result(CHECK, told, (CellRecord(4, "Task 2: steps", "ok", 0.1),), notebook)
    assert found == CheckResult(CHECK.id, "not_reached", None, "nothing was logged yet", 4)


def test_a_cell_that_does_not_compile_is_called_so() -> None:
    notebook = (Cell(1, "Task 2", "python", "", 1),)
    record = CellRecord(1, "Task 2", "error", 0.1, CellError("SyntaxError", "invalid syntax", 3, "x ="))
    assert court._result(CHECK, FAILED, (record,), notebook).found == "cell 1 does not compile: mend that first"


@pytest.mark.parametrize("outcome", ["error", "timeout", "memory", "died"])
def test_a_check_whose_cell_did_not_finish_is_not_reached(outcome: CellOutcome) -> None:
    told = result(("Task 2: steps", "", outcome))
    assert (told.outcome, told.cell) == ("not_reached", 1)
    assert told.found is not None and told.found.startswith("cell 1 ")


def test_a_check_whose_cell_never_ran_names_the_one_that_ended_it_all() -> None:
    told = result(("Task 1: by hand", "", "died"), ("Task 2: steps", "", "not_run"))
    assert (told.outcome, told.cell, told.found) == ("not_reached", 1, "the notebook ended in cell 1")


def test_what_passed_hangs_on_nothing() -> None:
    assert result(("Task 2: steps", "", "error"), passed=True) == CheckResult(CHECK.id, "passed")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('x' * 100_000_000)", "the judge's answer is longer than 16 MB"),
        ("os.ftruncate(2, 1 << 43); os.lseek(2, 0, os.SEEK_END); os.write(2, b'the end')", "ended with status 0$"),
    ],
    ids=["answer", "log"],
)
def test_of_what_a_judge_writes_only_a_bounded_part_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    monkeypatch.setattr(interpreter, "isolated", lambda _: [sys.executable, "-c", f"import os; {source}"])
    record = LabRecord(tmp_path, "/lab", (), "process")
    with (
        court.waiting(catalog.find("ex3"), 1, tmp_path, "process") as judge,
        pytest.raises(NotGraded, match=said) as failure,
    ):
        judge.verdict(catalog.find("ex3"), record, ())
    assert len(failure.value.details) <= court.DETAILS_BYTES
    assert failure.value.details.endswith("the end") == ("the end" in source)


def test_the_judge_passes_on_no_more_than_is_read() -> None:
    judged = judge.Collector(cast(Lab, None))
    judged._fail("log.steps", "e" * 10_000_000, "f" * 10_000_000)
    assert len(json.dumps(judged.results)) < 3 * judge.MOST_TEXT


class TestMistakes:
    """What a suite does wrong is one sentence for everyone, and a traceback for the log."""

    def judged(self, tmp_path: Path, source: str, capfd: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
        (tmp_path / "test_it.py").write_text(
            f"from grader.evidence import Mismatch\nfrom grader.suite.api import *\n{textwrap.dedent(source)}"
        )
        exercise = cast(Any, SimpleNamespace(suite=tmp_path))
        told = judge.judge(exercise, cast(Lab, None))
        sys.modules.pop("test_it", None)  # the next one has the same name
        return told, capfd.readouterr().err

    def test_an_exception_of_the_suite(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        source = """
            @check("a.b")
            def test_it():
                {}["plan"]
        """
        told, log = self.judged(tmp_path, source, capfd)
        assert told["mistakes"] == ["the check a.b ended with KeyError"]
        assert "KeyError: 'plan'" in log and "test_it.py" in log

    def test_a_suite_that_can_not_be_loaded(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        told, log = self.judged(tmp_path, "import nothing_of_that_name", capfd)
        assert told["mistakes"] == ["its file test_it.py can't be loaded"] and "nothing_of_that_name" in log

    @pytest.mark.parametrize(("other", "mistakes"), [("mismatch('x', 'y')", 0), ("pass", 1)])
    def test_a_check_hangs_on_one_that_failed(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str], other: str, mistakes: int
    ) -> None:
        source = f"""
            @check("a.first")
            def test_first():
                {other}

            @check("a.second")
            def test_second():
                hangs_on("a.first", "nothing was written yet")
        """
        told, _ = self.judged(tmp_path, source, capfd)
        assert told["mistakes"] == ["the check a.second hangs on a.first, which did not fail"] * mistakes
        assert told["results"]["a.second"]["found"] == "nothing was written yet"
