"""A cell's error as the lab reports it, which a cell may forge."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grader.lab import kernel
from grader.lab.record import CellError, CellRecord
from grader.submission import Cell

DURING, AFTER = CellError("OutputLimit", "while the cell ran"), CellError("OutputLimit", "while results were read")
CELL = Cell(1, "cell", "python", "x = 1\nraise ValueError", 10)


def reported(**changes: Any) -> dict[str, Any]:
    error = {"name": "ValueError", "message": "m", "line": 2, "source": "raise ValueError", **changes}
    return {"ename": "", "evalue": "", "traceback": [f"lab-error:{json.dumps(error)}"]}


def test_a_line_is_one_of_the_file() -> None:
    assert kernel._told(reported(), CELL)[1].line == 11


@pytest.mark.parametrize("line", [0, -1, True, 10**4000, "2", None])
def test_what_is_no_line_is_left_out(line: object) -> None:
    assert kernel._told(reported(line=line), CELL)[1].line is None


@pytest.mark.parametrize("nested", [1, 900])
def test_what_is_no_text_is_left_out(nested: int) -> None:
    deep: Any = "x"
    for _ in range(nested):
        deep = [deep]
    outcome, error = kernel._told({"ename": deep, "evalue": deep}, CELL)
    assert (outcome, error.name, error.message) == ("error", "", "")


def test_a_flood_after_the_last_cell_is_noted_on_it() -> None:
    records = [CellRecord(1, "a", "ok", 0.1), CellRecord(2, "b", "text", 0.0), CellRecord(3, "c", "not_run", 0.0)]
    kernel._note_on_last(records, AFTER)
    assert [(record.outcome, record.error) for record in records] == [
        ("output", AFTER),
        ("text", None),
        ("not_run", None),
    ]


def test_a_flood_that_was_met_in_the_cell_stays_told_as_that() -> None:
    """The cell was stopped, and its threads flood on while results are read."""
    records = [CellRecord(1, "a", "output", 0.1, DURING)]
    kernel._note_on_last(records, AFTER)
    assert records[0].error == DURING
