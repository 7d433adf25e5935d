"""Rows as suites see them: a column that is missing is told, and every value can be compared."""

from __future__ import annotations

from typing import Any

import pytest

from grader.evidence import Mismatch
from grader.evidence.results import Frame
from grader.evidence.rows import MAX_NAMES, Row, columns_are, scalar


def test_a_column_that_is_missing_ends_the_check_with_a_sentence() -> None:
    row = Row("version 3 of riders", {"plan": "gold", "rides": 7})
    with pytest.raises(Mismatch) as told:
        row["consent"]
    assert told.value.expected == "version 3 of riders has a column consent"
    assert told.value.found == "its columns are plan, rides"
    assert row.get("consent") is None and row["plan"] == "gold" and "consent" not in row


def test_a_result_names_itself() -> None:
    frame = Frame("pandas", ("a",), ((1,),), "previous_df")
    with pytest.raises(Mismatch, match="previous_df has a column b"):
        frame.rows[0]["b"]


def test_many_columns_are_cut() -> None:
    assert len(columns_are(f"column_{n}" for n in range(1000))) <= MAX_NAMES + len("its columns are ")


@pytest.mark.parametrize("value", [[1, None], {"a": [{"b": 1}]}, [b"\xff"], [], "text", 1.5, None, b"\xff"])
def test_every_value_can_be_in_a_set(value: Any) -> None:
    assert {scalar(value)}
