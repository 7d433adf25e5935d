"""Runs of jobs as they are made, and what the references in their parameters stand for."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any

from . import job_values
from .job_store import insert, new_id
from .services import Services
from .state import now_ms
from .wire import ApiError

MOST_ACTIVE = 100
"""Runs that are under way or wait, of all jobs."""
MOST_RUNS = 1000
"""Runs of a lab's whole life: no lab is flooded by a job that starts itself."""


def create_run(
    changing: sqlite3.Connection,
    services: Services,
    *,
    job_id: int,
    settings: dict[str, Any],
    given: dict[str, Any],
    source: str,
    source_id: str | None = None,
    token: str | None = None,
    depth: int = 0,
    run_type: str = "JOB_RUN",
    queue: bool = False,
) -> int:
    """Add a run with its tasks, to be started; a run of a job that has too many is skipped, or queued.

    Raises ApiError when the lab has too many runs.
    """
    active = changing.execute("SELECT count(*) FROM job_runs WHERE end_ms IS NULL").fetchone()[0]
    if active >= MOST_ACTIVE:
        raise ApiError("RESOURCE_EXHAUSTED", f"{MOST_ACTIVE} runs are active; a lab takes no more at once.", 429)
    if changing.execute("SELECT count(*) FROM job_runs").fetchone()[0] >= MOST_RUNS:
        raise ApiError("QUOTA_EXCEEDED", f"The quota for the number of runs of a lab ({MOST_RUNS}) is used up.", 400)
    run_id = new_id(changing)
    now = now_ms()
    names = {each["name"]: each["default"] for each in settings.get("parameters", ())}
    overriding = given.get("job_parameters") or {}
    trigger = "RUN_JOB_TASK" if source == "run_job_task" else "ONE_TIME"
    facts = {"job_id": job_id, "run_id": run_id, "name": settings["name"], "start_ms": now, "trigger": trigger}
    known = References(facts)
    parameters = [
        {
            "name": name,
            **({"default": names[name]} if name in names else {}),
            "value": job_values.resolve(overriding.get(name, names.get(name, "")), known.of_job),
        }
        for name in {**names, **overriding}
    ]
    most = settings.get("max_concurrent_runs", 1)
    own = changing.execute(
        "SELECT count(*) FROM job_runs WHERE job_id = ? AND end_ms IS NULL AND state != 'QUEUED'", (job_id,)
    ).fetchone()[0]
    run: dict[str, Any] = {"state": "PENDING", "start_ms": now}
    if run_type == "JOB_RUN" and own >= most:
        if queue and most > 0:
            run = {"state": "QUEUED", "message": f"Queued due to reaching maximum concurrent runs of {most}."}
        else:
            run = {
                "state": "SKIPPED",
                "result": "MAXIMUM_CONCURRENT_RUNS_REACHED",
                "code": "MAX_CONCURRENT_RUNS_EXCEEDED",
                "message": f"Skipping this run because the limit of {most} maximum concurrent runs has been reached.",
                "end_ms": now,
            }
    insert(
        changing,
        "job_runs",
        run_id=run_id,
        job_id=job_id,
        run_type=run_type,
        run_name=settings["name"],
        trigger=trigger,
        source=source,
        source_id=source_id,
        token=token,
        settings=json.dumps(settings),
        given=json.dumps(given),
        job_parameters=json.dumps(parameters),
        depth=depth,
        created_ms=now,
        **run,
    )
    only = given.get("only")
    for task in settings.get("tasks", ()) if run["state"] != "SKIPPED" else ():
        if only is not None and task["task_key"] not in only:
            continue
        if only is not None and "depends_on" in task:
            task = {**task, "depends_on": [each for each in task["depends_on"] if each["task_key"] in only]}
        _add_task(changing, run_id, task)
    return run_id


def _add_task(changing: sqlite3.Connection, run_id: int, task: dict[str, Any]) -> None:
    own = new_id(changing)
    insert(
        changing,
        "task_runs",
        run_id=own,
        job_run_id=run_id,
        task_key=task["task_key"],
        original_run_id=own,
        task=json.dumps(task),
        state="BLOCKED" if task.get("depends_on") else "PENDING",
        created_ms=now_ms(),
    )


class References:
    """What dynamic value references stand for, in a run and one of its tasks."""

    def __init__(
        self,
        run: dict[str, Any],
        task: dict[str, Any] | None = None,
        others: dict[str, dict[str, Any]] | None = None,
        parameters: dict[str, str] | None = None,
    ) -> None:
        self._run = run
        self._task = task or {}
        self._others = others or {}
        self._parameters = parameters or {}

    def of_job(self, parts: list[str]) -> str | None:
        """For parameters of the job itself."""
        return self(parts) if parts[0] in ("job", "workspace") and parts[1] != "parameters" else None

    def __call__(self, parts: list[str]) -> str | None:
        head, name, *rest = parts
        if head == "workspace":
            return {"id": "1234567890123456", "url": os.environ.get("DATABRICKS_HOST", "")}.get(name)
        if head == "task":
            return None if rest else self._of_task(self._task, name)
        if head == "tasks":
            return self._of_other(name, rest)
        run = self._run
        if name == "parameters":
            return self._parameters.get(".".join(rest)) if rest else None
        if name == "start_time" and len(rest) == 1:
            return job_values.time_of(run["start_ms"], rest[0])
        if name == "trigger":
            if rest == ["type"]:
                return str(run["trigger"]).lower()
            return job_values.time_of(run["start_ms"], rest[1]) if len(rest) == 2 and rest[0] == "time" else None
        if rest:
            return None
        told = {"id": run["job_id"], "run_id": run["run_id"], "name": run["name"], "repair_count": 0}.get(name)
        return None if told is None else str(told)

    def _of_other(self, name: str, rest: list[str]) -> str | None:
        other = self._others.get(name)
        if other is None or not rest:
            return None
        if rest[0] == "values":
            value = other["values"].get(".".join(rest[1:]))
            return value if value is None or isinstance(value, str) else json.dumps(value)
        return self._of_task(other, rest[0]) if len(rest) == 1 else None

    @staticmethod
    def _of_task(task: dict[str, Any], name: str) -> str | None:
        told = task.get(name)
        return None if told is None else str(told)
