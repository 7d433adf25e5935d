"""Rows of tables and results, as suites compare them: a dictionary each, with values that sets can hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from grader.evidence import Mismatch

MAX_NAMES = 300
"""Characters of a list of columns in a sentence."""


class Row(dict[str, Any]):
    """A row's values by column.

    ``row[column]`` raises Mismatch when there is no such column: what a suite asks for and a learner's table lacks is
    the learner's mistake, not the suite's. ``of`` names the table in that sentence.
    """

    __slots__ = ("of",)

    def __init__(self, of: str, values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        super().__init__(values)
        self.of = of

    def __missing__(self, column: str) -> Any:
        raise Mismatch(f"{self.of} has a column {column}", columns_are(self))


def columns_are(columns: Iterable[str]) -> str:
    """Which columns there are, as a sentence."""
    names = ", ".join(columns)
    return f"its columns are {names if len(names) <= MAX_NAMES else names[: MAX_NAMES - 1] + '…'}"


def scalar(value: Any) -> Any:
    """A cell's value; of arrays, maps and structs their text as JSON, so that a suite can put all values into sets."""
    return json.dumps(value, default=str) if isinstance(value, list | dict) else value
