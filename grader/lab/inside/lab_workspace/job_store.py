"""What the workspace keeps of jobs, runs and task runs, and how the API shows it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any

from .job_settings import KINDS
from .services import Services
from .state import now_ms
from .wire import ApiError

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL UNIQUE, name TEXT NOT NULL, settings TEXT NOT NULL,
  creator TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, deleted_ms INTEGER
);
CREATE TABLE IF NOT EXISTS job_runs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL UNIQUE, job_id INTEGER NOT NULL,
  run_type TEXT NOT NULL, run_name TEXT NOT NULL, trigger TEXT NOT NULL, source TEXT NOT NULL, source_id TEXT,
  token TEXT UNIQUE, settings TEXT NOT NULL, given TEXT NOT NULL, job_parameters TEXT NOT NULL, state TEXT NOT NULL,
  result TEXT, code TEXT, message TEXT NOT NULL DEFAULT '', stop TEXT, depth INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL, start_ms INTEGER, end_ms INTEGER, deleted_ms INTEGER
);
CREATE INDEX IF NOT EXISTS job_runs_of_job ON job_runs (job_id);
CREATE INDEX IF NOT EXISTS job_runs_active ON job_runs (number) WHERE end_ms IS NULL;
CREATE TABLE IF NOT EXISTS task_runs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL UNIQUE, job_run_id INTEGER NOT NULL,
  task_key TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, original_run_id INTEGER NOT NULL, task TEXT NOT NULL,
  parameters TEXT, path TEXT, file TEXT, source TEXT, source_sha256 TEXT, state TEXT NOT NULL, result TEXT, code TEXT,
  message TEXT NOT NULL DEFAULT '', stop TEXT, due_ms INTEGER, created_ms INTEGER NOT NULL, start_ms INTEGER,
  end_ms INTEGER, output TEXT, output_truncated INTEGER NOT NULL DEFAULT 0, logs TEXT,
  logs_truncated INTEGER NOT NULL DEFAULT 0, error TEXT, error_trace TEXT, outcome TEXT, child_run_id INTEGER
);
CREATE INDEX IF NOT EXISTS task_runs_of_run ON task_runs (job_run_id);
CREATE TABLE IF NOT EXISTS task_values (
  job_run_id INTEGER NOT NULL, task_key TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (job_run_id, task_key, name)
);
"""

OVER = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
"""States of which none comes after."""
PAGE = 100
"""Tasks, parameters and clusters of a job that version 2.2 shows at once."""
_KINDS = {
    "SUCCESS": "SUCCESS",
    "SUCCESS_WITH_FAILURES": "SUCCESS",
    "INTERNAL_ERROR": "INTERNAL_ERROR",
    "DRIVER_ERROR": "INTERNAL_ERROR",
}
"""Kinds of termination codes; all others are of the client's making."""
_V2 = {"INTERNAL_ERROR": "TERMINATED", "SKIPPED": "TERMINATED", "WAITING_FOR_RETRY": "WAITING"}
_PARAMETERS = ("notebook_params", "python_params", "jar_params", "spark_submit_params", "python_named_params")
_PAGED = ("tasks", "job_clusters", "parameters")


class NoSuchJob(ApiError):
    """There is no job of this id; code and message as Databricks publishes them."""

    def __init__(self, job_id: object) -> None:
        super().__init__("INVALID_PARAMETER_VALUE", f"Job {str(job_id)[:100]} does not exist.")


def no_such_run(run_id: object) -> ApiError:
    """The error for a run that is not there."""
    return ApiError("INVALID_PARAMETER_VALUE", f"Run {run_id} does not exist.")


def new_id(changing: sqlite3.Connection) -> int:
    """An id that neither a job nor a run has."""
    while True:
        made = 100_000_000_000_000 + secrets.randbelow(900_000_000_000_000)
        taken = changing.execute(
            "SELECT 1 FROM jobs WHERE job_id = ?1 UNION ALL SELECT 1 FROM job_runs WHERE run_id = ?1 OR job_id = ?1 "
            "UNION ALL SELECT 1 FROM task_runs WHERE run_id = ?1",
            (made,),
        ).fetchone()
        if taken is None:
            return made


def job_row(services: Services, job_id: object) -> sqlite3.Row:
    """A job that is there. Raises NoSuchJob."""
    number = int(job_id) if isinstance(job_id, int) or (isinstance(job_id, str) and _is_number(job_id)) else -1
    row = services.state.row("SELECT * FROM jobs WHERE job_id = ? AND deleted_ms IS NULL", number)
    if row is None:
        raise NoSuchJob(job_id)
    return row


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def insert(changing: sqlite3.Connection, table: str, **values: Any) -> None:
    """Add a row."""
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    changing.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def update(changing: sqlite3.Connection, table: str, run_id: int, **values: Any) -> None:
    """Change a run or task run."""
    sets = ", ".join(f"{name} = ?" for name in values)
    changing.execute(f"UPDATE {table} SET {sets} WHERE run_id = ?", [*values.values(), run_id])


# How they are shown


def job(row: sqlite3.Row, *, whole: bool, version: str, after: int = 0) -> dict[str, Any]:
    """A job as ``jobs/get`` shows it, or ``jobs/list`` with and without its tasks."""
    settings = json.loads(row["settings"])
    shown: dict[str, Any] = {
        "job_id": row["job_id"],
        "creator_user_name": row["creator"],
        "created_time": row["created_ms"],
    }
    if whole:
        shown["run_as_user_name"] = row["creator"]
        if version == "2.2":
            shown |= _paged(settings, _PAGED, after)
    else:
        for name in _PAGED:
            settings.pop(name, None)
    return {**shown, "settings": settings}


def _paged(shown: dict[str, Any], names: tuple[str, ...], after: int) -> dict[str, Any]:
    """Cut the long lists to a page; what tells of the next one."""
    more = any(len(shown.get(name, ())) > after + PAGE for name in names)
    for name in names:
        if name in shown:
            shown[name] = shown[name][after : after + PAGE]
    return {"has_more": True, "next_page_token": f"{after + PAGE}"} if more else {}


def _state(row: sqlite3.Row) -> dict[str, Any]:
    state: dict[str, Any] = {"life_cycle_state": row["state"], "state_message": row["message"]}
    if row["result"]:
        state["result_state"] = row["result"]
    if row["state"] == "QUEUED" and row["message"]:
        state["queue_reason"] = row["message"]
    state["user_cancelled_or_timedout"] = row["result"] in ("CANCELED", "TIMEDOUT")
    status: dict[str, Any] = {"state": _V2.get(row["state"], row["state"])}
    if row["end_ms"] is not None:
        kind = _KINDS.get(row["code"], "CLIENT_ERROR")
        status["termination_details"] = {"code": row["code"], "type": kind, "message": row["message"]}
    elif row["state"] == "QUEUED":
        status["queue_details"] = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": row["message"]}
    return {"state": state, "status": status}


def _times(row: sqlite3.Row) -> dict[str, Any]:
    start, end = row["start_ms"], row["end_ms"]
    spent = (end or now_ms()) - start if start is not None else 0
    return {
        "start_time": start or row["created_ms"],
        "setup_duration": 0,
        "execution_duration": spent if end is not None else 0,
        "cleanup_duration": 0,
        "end_time": end or 0,
    }


def page_url(services: Services, row: Mapping[str, Any] | sqlite3.Row, host: str) -> str:
    """Where a browser would show a run. A lab has no such page."""
    return f"{host}/?o=1234567890123456#job/{row['job_id']}/run/{row['run_id']}"


def run(
    services: Services, row: sqlite3.Row, host: str, *, whole: bool, version: str, after: int = 0
) -> dict[str, Any]:
    """A run as ``runs/get`` shows it, or ``runs/list`` with and without its tasks."""
    settings, given = json.loads(row["settings"]), json.loads(row["given"])
    shown: dict[str, Any] = {
        "job_id": row["job_id"],
        "run_id": row["run_id"],
        "job_run_id": row["run_id"],
        "number_in_job": row["run_id"],
        "original_attempt_run_id": row["run_id"],
        "creator_user_name": services.settings.user,
        **_state(row),
        **_times(row),
        "trigger": row["trigger"],
        "run_name": row["run_name"],
        "run_page_url": page_url(services, row, host),
        "run_type": row["run_type"],
        "format": "MULTI_TASK",
        "run_duration": max(0, (row["end_ms"] or now_ms()) - row["created_ms"]),
    }
    if row["source"] == "run_job_task":
        shown["trigger_info"] = {"run_id": int(row["source_id"])}
    parameters = json.loads(row["job_parameters"])
    if parameters:
        shown["job_parameters"] = parameters
    overriding = {name: given[name] for name in _PARAMETERS if given.get(name)}
    if overriding:
        shown["overriding_parameters"] = overriding
    if "schedule" in settings:
        shown["schedule"] = settings["schedule"]
    if not whole:
        return shown
    if settings.get("job_clusters"):
        shown["job_clusters"] = settings["job_clusters"]
    tasks = services.state.rows("SELECT * FROM task_runs WHERE job_run_id = ? ORDER BY number", row["run_id"])
    shown["tasks"] = [task_run(services, each, row, host) for each in tasks]
    if version == "2.2":
        shown |= _paged(shown, ("tasks", "job_clusters", "job_parameters"), after)
    return shown


def task_run(services: Services, row: sqlite3.Row, of: sqlite3.Row, host: str) -> dict[str, Any]:
    """A task run, as part of its run or on its own."""
    task = json.loads(row["task"])
    shown = {
        **task,
        "run_id": row["run_id"],
        "attempt_number": row["attempt"],
        "original_attempt_run_id": row["original_run_id"],
        **_state(row),
        **_times(row),
        "run_page_url": page_url(services, {"job_id": of["job_id"], "run_id": row["run_id"]}, host),
    }
    cluster = task.get("existing_cluster_id")
    if cluster:
        shown["cluster_instance"] = {"cluster_id": cluster, "spark_context_id": "1"}
    if row["parameters"]:
        kind = next(name for name in KINDS if name in task)
        told = json.loads(row["parameters"])
        if kind == "notebook_task":
            shown["resolved_values"] = {kind: {"base_parameters": told}}
        elif kind == "spark_python_task":
            shown["resolved_values"] = {kind: {"parameters": told}}
        elif kind == "condition_task":
            shown["resolved_values"] = {kind: told}
    if row["outcome"]:
        shown["condition_task"] = {**task["condition_task"], "outcome": row["outcome"]}
    if row["child_run_id"]:
        shown["run_job_output"] = {"run_id": row["child_run_id"]}
    return shown
