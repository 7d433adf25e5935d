"""What a failed check is told to hang on: the cells that are about it, and how they ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast

import pytest

from grader import catalog, interpreter
from grader.errors import NotGraded
from grader.lab.record import CellOutcome, CellRecord, LabRecord
from grader.submission import Cell
from grader.suite import court, judge
from grader.suite.api import Lab
from grader.suite.verdict import CheckResult

CHECK = catalog.find("ex3").check("log.steps")
FAILED = {"passed": False, "expected": "steps", "found": "none"}


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
        ("os.ftruncate(2, 1 << 43); os.lseek(2, 0, os.SEEK_END); os.write(2, b'the end')", "the end$"),
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
        pytest.raises(NotGraded, match=said),
    ):
        judge.verdict(catalog.find("ex3"), record, ())


def test_the_judge_passes_on_no_more_than_is_read() -> None:
    judged = judge.Collector(cast(Lab, None))
    judged._fail("log.steps", "e" * 10_000_000, "f" * 10_000_000)
    assert len(json.dumps(judged.results)) < 3 * judge.MOST_TEXT
