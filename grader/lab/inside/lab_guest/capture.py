"""Reads the results that a brief asks for out of the notebook, as plain data, when its last cell has run.

Only data leaves: rows and scalars of built-in types, and for an exception what Spark's JVM says of it.
"""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .errors import message

MOST_ROWS = 5000


def write(names: dict[str, Any], wanted: Iterable[str], file: Path, dumps: Callable[[Any], str]) -> None:
    """Write what the wanted names are bound to into ``file``; one that can't be read says why."""
    results = {}
    for name in wanted:
        if name in names:
            try:
                results[name] = _read(names[name])
            except BaseException as error:
                results[name] = {"kind": "error", "name": type(error).__name__, "message": message(error)}
    file.write_text(dumps(results))


def _read(value: Any) -> dict[str, Any]:
    kind = type(value)
    module, name = kind.__module__, kind.__name__
    if module.startswith("pyspark.sql") and name == "DataFrame":
        columns = [[field.name, field.dataType.simpleString()] for field in value.schema.fields]
        rows = value.limit(MOST_ROWS + 1).collect()
        return _frame("spark", columns, [tuple(row) for row in rows])
    if module.startswith("pandas") and name == "DataFrame":
        columns = [[str(column), str(dtype)] for column, dtype in value.dtypes.items()]
        return _frame("pandas", columns, value.head(MOST_ROWS + 1).itertuples(index=False, name=None))
    if kind is list and value and all(type(row).__name__ == "Row" for row in value):
        columns = [[field, ""] for field in value[0].__fields__]
        return _frame("rows", columns, [tuple(row) for row in value[: MOST_ROWS + 1]])
    if isinstance(value, BaseException):
        return _exception(value)
    if module.startswith("numpy") and hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    plain = _plain(value)
    if plain is not NotImplemented:
        return {"kind": "value", "type": type(value).__name__, "value": plain}
    return {"kind": "other", "type": f"{module}.{name}"}


def _frame(kind: str, columns: list[list[str]], rows: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    data = [[_cell(value) for value in row] for row in rows]
    return {
        "kind": "frame",
        "of": kind,
        "columns": columns,
        "rows": data[:MOST_ROWS],
        "more": len(data) > MOST_ROWS,
    }


def _cell(value: Any) -> Any:
    if type(value).__module__.startswith("numpy") and hasattr(value, "item"):
        value = value.item()
    plain = _plain(value)
    return str(type(value).__name__) if plain is NotImplemented else plain


def _plain(value: Any) -> Any:
    """The value as JSON knows it, or NotImplemented. Exact types only: a subclass may lie about itself."""
    kind = type(value)
    if value is None or kind in (bool, int):
        return value
    if kind is str:
        return value[:10_000]
    if kind is float:
        return value if math.isfinite(value) else None
    if kind in (datetime.datetime, datetime.date) or kind.__name__ == "Timestamp":
        return value.isoformat()
    if kind is decimal.Decimal:
        return str(value)
    if kind in (list, tuple):
        return [_cell(item) for item in value]
    if kind is dict:
        return {str(key): _cell(item) for key, item in value.items()}
    return NotImplemented


def _exception(error: BaseException) -> dict[str, Any]:
    """An exception; ``java`` and ``text`` come from the JVM's own object, so text typed in has neither."""
    origin: Any = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    java = text = None
    if type(origin).__name__ == "JavaObject" and type(origin).__module__ == "py4j.java_gateway":
        java, text = str(origin.getClass().getName()), str(origin.getMessage())[:10_000]
    return {
        "kind": "exception",
        "type": type(error).__name__,
        "message": message(error),
        "java": java,
        "text": text,
    }
