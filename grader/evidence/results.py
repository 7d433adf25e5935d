"""The results that a brief asks for, as the lab wrote them down: rows, values and exceptions, all data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from grader.evidence.rows import Row, scalar

MOST_BYTES = 30 << 20


@dataclass(frozen=True)
class Frame:
    """A DataFrame's columns and rows (each row in the order of the columns); ``of`` is spark, pandas or rows."""

    of: str
    columns: tuple[str, ...]
    data: tuple[tuple[Any, ...], ...]

    name: str = ""
    """What the notebook calls it."""

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(Row(self.name, zip(self.columns, row, strict=True)) for row in self.data)


@dataclass(frozen=True)
class Value:
    """A scalar of a built-in type, whose name is ``type``."""

    type: str
    value: Any


@dataclass(frozen=True)
class Raised:
    """An exception; ``java``, ``text`` and ``stack`` are the JVM's class, messages and stack trace.

    They are None for an exception that was made in Python.
    """

    type: str
    message: str
    java: str | None
    text: str | None
    stack: str | None = None


@dataclass(frozen=True)
class Other:
    """Something that is no data: ``type`` says what, or why it could not be read."""

    type: str


Result = Frame | Value | Raised | Other

_CONDITION = re.compile(r"\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]")
"""The name of an error as Spark writes it, such as [FAILED_READ_FILE.FILE_NOT_EXIST]."""
_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float, NoneType),  # None for what is no finite number
    "str": (str,),
    "list": (list,),
    "tuple": (list,),
    "set": (list,),
    "dict": (dict,),
}
"""What JSON has for a value of a type."""


def read_results(path: Path) -> dict[str, Result]:
    """All results by name. A file that is missing or not what the lab writes counts as no results."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            return {}
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): _result(str(name), value) for name, value in data.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _result(name: str, value: dict[str, Any]) -> Result:
    kind = value["kind"]
    if kind == "frame":
        columns = tuple(str(column[0]) for column in value["columns"])
        rows = tuple(tuple(map(scalar, row)) for row in value["rows"])
        if any(len(row) != len(columns) for row in rows):
            return Other("a frame with ragged rows")
        return Frame(str(value["of"]), columns, rows, name)
    if kind == "value":
        kinds = _KINDS.get(str(value["type"]))
        if kinds is not None and not isinstance(value["value"], kinds):
            return Other("a value of another type than it says")
        return Value(str(value["type"]), value["value"])
    if kind == "exception":
        text = value["text"]
        java = value["java"]
        return Raised(
            str(value["type"]),
            str(value["message"]),
            None if java is None else str(java),
            None if text is None else str(text),
            None if value.get("stack") is None else str(value["stack"]),
        )
    if kind == "error":
        return Other(f"unreadable: {_cause(str(value['name']), str(value['message']))}")
    return Other(str(value["type"]))


def _cause(name: str, message: str) -> str:
    """Why a result can't be read. Of Spark's errors their condition: the text may name another file each time."""
    condition = _CONDITION.search(message)
    return f"Spark raised {condition[1]}" if condition else f"{name}: {message}"
