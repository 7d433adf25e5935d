"""How tasks and runs of jobs end: what a task left, what that means for the tasks that wait for it, and for the run."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from .job_store import update
from .state import now_ms

MOST_RESULT = 64 << 20
"""Bytes of a file in which a task leaves its result."""
STOPPED = {
    "timeout": ("TIMEDOUT", "CANCELED", "Timed out"),
    "user": ("CANCELED", "USER_CANCELED", "Run cancelled."),
    "deleted": ("CANCELED", "USER_CANCELED", "Run cancelled: its job was deleted."),
    "job_timeout": ("TIMEDOUT", "CANCELED", "The job run timed out"),
}
"""Result, termination code and message for each reason to end a run."""


def verdict(run_if: str, others: list[str]) -> str | None:
    """What becomes of a task whose others have ended (as ``counts_as`` says): None when it runs, else its result."""
    some = set(others)
    upstream = "UPSTREAM_FAILED" if "failed" in some else "UPSTREAM_CANCELED" if "canceled" in some else "EXCLUDED"
    if run_if == "ALL_DONE":
        return None
    if run_if == "ALL_SUCCESS":
        return None if some == {"success"} else upstream
    if run_if == "NONE_FAILED":
        return None if "success" in some and not some & {"failed", "canceled"} else upstream
    if run_if == "AT_LEAST_ONE_SUCCESS":
        return None if "success" in some else upstream
    if run_if == "ALL_FAILED":
        return None if some == {"failed"} else "EXCLUDED"
    return None if "failed" in some else "EXCLUDED"


def counts_as(row: sqlite3.Row, outcome: str | None) -> str:
    result = row["result"]
    if result == "SUCCESS":
        return "success" if outcome is None or row["outcome"] == outcome else "excluded"
    if result in ("EXCLUDED", "DISABLED"):
        return "excluded"
    return "canceled" if result in ("CANCELED", "UPSTREAM_CANCELED") else "failed"


def latest(changing: sqlite3.Connection, run_id: int) -> dict[str, sqlite3.Row]:
    """The last attempt of each task of a run, in the order of the job."""
    rows = changing.execute("SELECT * FROM task_runs WHERE job_run_id = ? ORDER BY number", (run_id,))
    return {row["task_key"]: row for row in rows}


def conclude(changing: sqlite3.Connection, run: sqlite3.Row, stop: str | None, tasks: dict[str, sqlite3.Row]) -> None:
    """End a run whose tasks are all over: its result is that of the tasks that no other one waits for."""
    if stop:
        end_run(changing, run, *STOPPED[stop])
        return
    needed = {each["task_key"] for row in tasks.values() for each in json.loads(row["task"]).get("depends_on", ())}
    last = [row for key, row in tasks.items() if key not in needed]
    bad = [row for row in tasks.values() if row["result"] in ("FAILED", "TIMEDOUT")]
    lasts = {row["result"] for row in last}
    if lasts & {"FAILED", "TIMEDOUT", "UPSTREAM_FAILED"}:
        first = bad[0] if bad else last[0]
        message = f"Task {first['task_key']} failed with message: {first['message']}."
        if any(row["result"] == "UPSTREAM_FAILED" for row in tasks.values()):
            message += " This caused all downstream tasks to get skipped."
        code = first["code"] if len(tasks) == 1 else "RUN_EXECUTION_ERROR"
        end_run(changing, run, "FAILED", code, message.replace("..", "."), state="INTERNAL_ERROR")
    elif lasts & {"CANCELED", "UPSTREAM_CANCELED"}:
        end_run(changing, run, "CANCELED", "USER_CANCELED", "Run cancelled.")
    elif bad:
        end_run(changing, run, "SUCCESS_WITH_FAILURES", "SUCCESS_WITH_FAILURES", "")
    else:
        end_run(changing, run, "SUCCESS", "SUCCESS", "")


def end_run(
    changing: sqlite3.Connection, run: sqlite3.Row, result: str, code: str, message: str, state: str = "TERMINATED"
) -> None:
    update(
        changing,
        "job_runs",
        run["run_id"],
        state=state,
        result=result,
        code=code,
        message=message,
        end_ms=now_ms(),
    )
    changing.execute(
        "UPDATE task_runs SET state = 'SKIPPED', result = 'CANCELED', code = 'SKIPPED', end_ms = ? "
        "WHERE job_run_id = ? AND end_ms IS NULL",
        (now_ms(), run["run_id"]),
    )


def holds(op: str, left: str, right: str) -> bool:
    """Whether a condition does. Texts are compared for being equal, numbers for being more. Raises ValueError."""
    if op in ("EQUAL_TO", "NOT_EQUAL"):
        return (left == right) == (op == "EQUAL_TO")
    try:
        one, other = float(left), float(right)
    except ValueError:
        raise ValueError(f"The condition '{left} {op} {right}' compares what are no numbers.") from None
    return {
        "GREATER_THAN": one > other,
        "GREATER_THAN_OR_EQUAL": one >= other,
        "LESS_THAN": one < other,
        "LESS_THAN_OR_EQUAL": one <= other,
    }[op]


def read(folder: Path) -> dict[str, Any] | None:
    """What a task left as its result, or None when it left none. Its files may hold anything."""
    told, values = _object(folder / "result.json"), _object(folder / "values.json")
    if told.get("status") not in ("ok", "exit", "error", "died", "stopped"):
        return None
    texts = {name: _text(told.get(name)) for name in ("value", "logs", "error", "trace")}
    return {**told, **texts, "values": values}


def _object(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if (
            file.is_file()
            and file.stat().st_size <= MOST_RESULT
            and isinstance(told := json.loads(file.read_bytes()), dict)
        ):
            return told
    return {}


def _text(value: Any) -> str | None:
    return None if value is None else str(value).encode(errors="replace").decode().replace("\0", "\ufffd")
