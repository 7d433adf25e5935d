"""Reads the results that a brief asks for out of the notebook, as plain data, when its last cell has run.

Only data leaves: rows and scalars of built-in types, and for an exception what Spark's JVM says of it.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from . import cputime
from .errors import message

MOST_ROWS = 5000
MOST_FRAMES = 200
MOST_TEXT = 4 << 20
"""Longest JSON text of one result."""
RESULT_SECONDS = 15
"""How much the lab's processes may work to read one result; what waits may take ``cputime.PATIENCE`` times as long."""
CANCEL_SECONDS = 10
"""How long Spark may take to cancel what it is at: a moment, but a machine may be busy with others."""
_EVERY_SECONDS = 0.5


def _allowed() -> cputime.Limit:
    """What reading one result may take.

    The parent of the notebook's process keeps the lab's processes together, Spark's JVM among them: it is the sandbox's
    first process, or that of :mod:`lab_guest.keeper`, :mod:`lab_guest.house` or :mod:`lab_guest.warm`. Where the system
    knows no keeper it is the grader's own.
    """
    leader = os.getppid() if sys.platform == "linux" else os.getpid()
    return cputime.Limit(RESULT_SECONDS, lambda: cputime.spent(leader))


def write(
    names: dict[str, Any],
    wanted: Iterable[str],
    file: Path,
    dumps: Callable[[Any], str],
    allowed: Callable[[], cputime.Limit] = _allowed,
) -> None:
    """Write what the wanted names are bound to into ``file``; one that can't be read says why.

    The file is written anew after each, so that one that never comes to an end costs no other. ``allowed`` begins the
    limit of each.
    """
    texts: dict[str, str] = {}
    for name in wanted:
        if name not in names:
            continue
        try:
            with _within(allowed()):
                result = _read(names[name])
            text = dumps(result)
        except BaseException as error:
            text = dumps({"kind": "error", "name": type(error).__name__, "message": message(error)})
        if len(text) > MOST_TEXT:
            text = dumps({"kind": "error", "name": "TooLarge", "message": "it holds more than can be read"})
        texts[name] = text
        file.write_text("{" + ", ".join(f"{dumps(name)}: {text}" for name, text in texts.items()) + "}")


@contextlib.contextmanager
def _within(limit: cputime.Limit) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes more, and let Spark go on with nothing of it."""
    late: TimeoutError | None = None

    def look(*_: object) -> None:
        nonlocal late
        taken = limit.over()
        if taken:
            signal.setitimer(signal.ITIMER_REAL, 0)
            late = TimeoutError(f"it could not be read in {taken}")
            raise late

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _EVERY_SECONDS, _EVERY_SECONDS)
    try:
        yield
    except BaseException:
        if late is None:
            raise
        # py4j makes an error of its own of it.
        cancel_jobs()
        raise late from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def cancel_jobs() -> None:
    """Cancel what Spark is at, so that the next cell finds it free. In a thread: the JVM may answer no more."""
    context = sys.modules["pyspark"].SparkContext._active_spark_context if "pyspark" in sys.modules else None
    if context is not None:
        thread = threading.Thread(target=context.cancelAllJobs, daemon=True)
        thread.start()
        thread.join(timeout=CANCEL_SECONDS)


def _read(value: Any) -> dict[str, Any]:
    kind = type(value)
    module, name = kind.__module__, kind.__name__
    if module.startswith("pyspark.sql") and name == "DataFrame":
        columns = [[field.name, field.dataType.simpleString()] for field in value.schema.fields]
        rows = value.limit(MOST_ROWS + 1).collect()
        return _frame("spark", columns, [tuple(row) for row in rows])
    if module.startswith("pyspark.pandas") and name in ("DataFrame", "Series"):
        return _read(value.to_spark() if name == "DataFrame" else value.head(MOST_ROWS).to_pandas())
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
    elif module.split(".")[0] in ("numpy", "pandas") and hasattr(kind, "tolist"):  # an array, a Series, an Index
        value = value[:MOST_ROWS].tolist()
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
    if kind is set:
        return sorted((_cell(item) for item in value), key=repr)
    if kind is dict:
        return {str(key): _cell(item) for key, item in value.items()}
    return NotImplemented


def _exception(error: BaseException) -> dict[str, Any]:
    """An exception; ``java``, ``text`` and ``stack`` come from the JVM's own object, so text typed in has none of them.

    ``text`` and ``stack`` have its causes too: what a task found wrong arrives wrapped in "the job was aborted".
    ``stack`` holds the classes whose methods the JVM was in: an exception that was only made was in none of Spark's.
    """
    origin: Any = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    java = text = stack = None
    if type(origin).__name__ == "JavaObject" and type(origin).__module__ == "py4j.java_gateway":
        java, told = str(origin.getClass().getName()), list[str]()
        frames: list[str] = []
        while origin is not None and len(told) < 10:
            told.append(f"{origin.getClass().getName()}: {origin.getMessage()}"[:10_000])
            frames += [str(frame.getClassName()) for frame in list(origin.getStackTrace())[:MOST_FRAMES]]
            origin = origin.getCause()
        text, stack = "\n".join(told), "\n".join(frames)
    return {
        "kind": "exception",
        "type": type(error).__name__,
        "message": message(error),
        "java": java,
        "text": text,
        "stack": stack,
    }
