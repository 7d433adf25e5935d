"""Errors in the learner's own lines: what was raised, where in the cell, without frames of anybody else."""

from __future__ import annotations

import linecache
import subprocess
from types import TracebackType
from typing import Any

MARK = "lab-error:"
LONGEST = 1500
JVM_OUT_OF_MEMORY = 52
"""Exit status of Spark's JVM (``SparkExitCode.OOM``)."""


class Spark:
    """What became of Spark's JVM: an error that comes of its end shall say so, not that a port is closed."""

    jvm: subprocess.Popen[bytes] | None = None
    told = False

    @classmethod
    def ended(cls, error: BaseException | None) -> tuple[str, str] | None:
        """Name and message for an error that only says that the JVM is gone, or None."""
        network = isinstance(error, ConnectionError) or type(error).__name__ in ("Py4JNetworkError", "Py4JError")
        if cls.jvm is None or not network:
            return None
        try:
            status = cls.jvm.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return None
        first, cls.told = not cls.told, True
        if first and status == JVM_OUT_OF_MEMORY:
            return "MemoryError", "Spark ran out of memory and ended; no later cell can use it"
        return "SparkEnded", f"Spark ended in {'this' if first else 'an earlier'} cell and can't be used any more"


def describe(error: BaseException | None, tb: TracebackType | None) -> dict[str, Any]:
    """``name``, ``message``, ``line`` (from 1, in the cell) and ``source`` of an exception, JSON-ready."""
    line, source = _place(error, tb)
    name, text = Spark.ended(error) or (type(error).__name__, message(error))
    return {"name": name, "message": text, "line": line, "source": source}


def message(error: BaseException | None) -> str:
    """What an exception says, without a JVM's stack; never raises, whatever the exception is."""
    if isinstance(error, SyntaxError):
        return str(error.msg)  # its text would name the notebook's own name for the cell
    try:
        java = getattr(error, "java_exception", None)
        text = str(java.toString()) if java is not None else str(error)
    except Exception:
        text = "(its text can't be read)"
    text = text.split("\n\nJVM stacktrace:")[0].split("\n\tat ")[0]
    head, state, tail = text.partition("SQLSTATE:")
    if state:
        # What follows is the query's plan, in the optimizer's words.
        text = head + state + tail.split("\n")[0].rstrip(";")
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def _place(error: BaseException | None, tb: TracebackType | None) -> tuple[int | None, str | None]:
    if isinstance(error, SyntaxError):
        return error.lineno, (error.text or "").rstrip("\n") or None
    statement = getattr(error, "lab_statement", None)
    if statement is not None:
        return int(statement[0]), str(statement[1])
    cell = line = source = None
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if cell is None and ("ipykernel_" in file or file.startswith("<ipython-input")):
            cell = file
        # The innermost line of this very cell: a helper's line in another cell would count from another start.
        if file == cell:
            line, source = tb.tb_lineno, linecache.getline(file, tb.tb_lineno).rstrip("\n") or None
        tb = tb.tb_next
    return line, source
