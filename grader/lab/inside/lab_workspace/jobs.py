"""Jobs, as the Jobs API has them in its versions 2.1 and 2.2.

The module's interface, by which the rest of the workspace knows it:

- ``routes(services)``: endpoints by method and path;
- ``run(services)``: a coroutine that the server runs from its start to its end;
- ``status(services)``: how many runs are not over, for whoever waits until all is done;
- ``check(services, job_id)``: raises NoSuchJob when there is no such job;
- ``start_job(services, job_id, parameters, key)``: starts a run as ``jobs/run-now`` does and returns its id at once.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from . import clusters, files, job_settings, job_store
from .job_runner import Runner
from .job_runs import create_run
from .job_store import NoSuchJob, insert, job_row, new_id, no_such_run, update
from .services import Services
from .shapes import Shape, choice, many, number, record, text, truth, wrong
from .state import now_ms
from .wire import ApiError, Request, Routes

__all__ = ["NoSuchJob", "check", "routes", "run", "start_job", "status"]

VERSIONS = ("2.1", "2.2")
MOST_JOBS = 1000
MOST_LISTED = 100
MOST_RUNS_LISTED = 25
MOST_PARAMETERS = 10_000
"""Bytes of the JSON of a task's parameters in ``run-now``."""

_ID = record({"job_id": number()}, ("job_id",))
_RUN_ID = record({"run_id": number()}, ("run_id",))
_GET = record({"job_id": number(), "page_token": text(), "include_trigger_state": truth}, ("job_id",))
_LIST = record(
    {
        "limit": number(1, MOST_LISTED),
        "offset": number(0, 1000),
        "page_token": text(),
        "name": text(),
        "expand_tasks": truth,
        "include_trigger_state": truth,
    }
)
_NEW: Shape = record(job_settings.JOB)
_SUBMIT: Shape = record(job_settings.SUBMIT)
_UPDATE = record({"job_id": number(), "new_settings": _NEW, "fields_to_remove": many(text())}, ("job_id",))
_RESET = record({"job_id": number(), "new_settings": _NEW}, ("job_id", "new_settings"))
_RUN_NOW = record(
    {
        "job_id": number(),
        "idempotency_token": text(64),
        "queue": record({"enabled": truth}, ("enabled",)),
        "only": many(text()),
        "performance_target": text(),
        "duration_target": text(),
        **job_settings.PARAMETERS,
    },
    ("job_id",),
)
_RUNS = record(
    {
        "limit": number(0, MOST_RUNS_LISTED),
        "offset": number(0, 10_000),
        "page_token": text(),
        "job_id": number(),
        "active_only": truth,
        "completed_only": truth,
        "expand_tasks": truth,
        "run_type": choice("JOB_RUN", "WORKFLOW_RUN", "SUBMIT_RUN"),
        "start_time_from": number(),
        "start_time_to": number(),
    }
)
_RUN = record(
    {"run_id": number(), "include_history": truth, "include_resolved_values": truth, "page_token": text()},
    ("run_id",),
)
_CANCEL_ALL = record({"job_id": number(), "all_queued_runs": truth})
_TASK_PARAMETERS = tuple(name for name in job_settings.PARAMETERS if name != "job_parameters")


def routes(services: Services) -> Routes:
    """The endpoints for jobs, and for the clusters and files that they name."""
    services.state.ensure(job_store.SCHEMA)
    told: Routes = {}
    for version in VERSIONS:
        own = _Jobs(services, version)
        path = f"/api/{version}/jobs"
        told |= {
            ("POST", f"{path}/create"): own.create,
            ("GET", f"{path}/get"): own.get,
            ("GET", f"{path}/list"): own.list_jobs,
            ("POST", f"{path}/update"): own.update,
            ("POST", f"{path}/reset"): own.reset,
            ("POST", f"{path}/delete"): own.delete,
            ("POST", f"{path}/run-now"): own.run_now,
            ("POST", f"{path}/runs/submit"): own.submit,
            ("GET", f"{path}/runs/list"): own.list_runs,
            ("GET", f"{path}/runs/get"): own.get_run,
            ("GET", f"{path}/runs/get-output"): own.get_output,
            ("POST", f"{path}/runs/cancel"): own.cancel,
            ("POST", f"{path}/runs/cancel-all"): own.cancel_all,
            ("POST", f"{path}/runs/delete"): own.delete_run,
        }
    return {**told, **clusters.routes(services), **files.routes(services)}


async def run(services: Services) -> None:
    """Look after running jobs; cancelled when the server ends."""
    runner, before = Runner(services), services.nudge

    def nudge() -> None:
        before()
        runner.nudge()

    services.nudge = nudge
    await runner.run()


def status(services: Services) -> dict[str, int]:
    """Part of what ``GET /lab/status`` tells."""
    ((active,),) = services.state.rows("SELECT count(*) FROM job_runs WHERE end_ms IS NULL")
    return {"active_runs": active}


def check(services: Services, job_id: str) -> None:
    """Raises NoSuchJob when there is no such job."""
    job_row(services, job_id)


def start_job(services: Services, job_id: str, parameters: Mapping[str, Any], key: str) -> int:
    """Start a run of a job and return the run's id, without waiting for the run.

    ``parameters`` are those of ``jobs/run-now`` for every kind of task (``notebook_params``, ``python_params``, ...).
    ``key`` is an idempotency token: when asked again with the same one, the run that it started is meant. The run has
    been committed on return. Raises ApiError as ``jobs/run-now`` answers; NoSuchJob when there is none.
    """
    with services.state.change() as changing:
        settings = json.loads(job_row(services, job_id)["settings"])
        kinds = {name for task in settings.get("tasks", ()) for name in task}
        given = {
            name: parameters[name]
            for name, kind in (("notebook_params", "notebook_task"), ("python_params", "spark_python_task"))
            if name in parameters and kind in kinds
        }
        run_id = _started(changing, services, int(job_id), settings, given, f"webhook:{key}", "webhook", key)
    services.nudge()
    return run_id


def _started(
    changing: sqlite3.Connection,
    services: Services,
    job_id: int,
    settings: dict[str, Any],
    given: dict[str, Any],
    token: str | None,
    source: str,
    source_id: str | None,
    *,
    run_type: str = "JOB_RUN",
    queue: bool | None = None,
) -> int:
    """A new run, or the one that the token started."""
    if token is not None:
        row = changing.execute("SELECT run_id, deleted_ms FROM job_runs WHERE token = ?", (token,)).fetchone()
        if row is not None and row["deleted_ms"] is not None:
            raise wrong(f"The run of this idempotency token, {row['run_id']}, was deleted.")
        if row is not None:
            return int(row["run_id"])
    if queue is None:
        queue = settings.get("queue", {}).get("enabled", False)
    return create_run(
        changing,
        services,
        job_id=job_id,
        settings=settings,
        given=given,
        source=source,
        source_id=source_id,
        token=token,
        run_type=run_type,
        queue=queue,
    )


class _Jobs:
    """The endpoints in one version of the API."""

    def __init__(self, services: Services, version: str) -> None:
        self._services = services
        self._state = services.state
        self._version = version

    # Jobs

    def create(self, request: Request) -> dict[str, Any]:
        given = request.fields()
        settings = job_settings.checked(self._services, _NEW(given, "settings"), self._version)
        now = now_ms()
        with self._state.change() as changing:
            (count,) = changing.execute("SELECT count(*) FROM jobs WHERE deleted_ms IS NULL").fetchone()
            if count >= MOST_JOBS:
                message = f"The quota for the number of jobs has been reached. The current quota is {MOST_JOBS}."
                raise ApiError("QUOTA_EXCEEDED", message, 400)
            job_id = new_id(changing)
            insert(
                changing,
                "jobs",
                job_id=job_id,
                name=settings["name"],
                settings=json.dumps(settings),
                creator=self._services.settings.user,
                created_ms=now,
                updated_ms=now,
            )
        return {"job_id": job_id}

    def get(self, request: Request) -> dict[str, Any]:
        given = _GET(request.fields(), "")
        row = job_row(self._services, given["job_id"])
        return job_store.job(row, whole=True, version=self._version, after=_page(given.get("page_token")))

    def list_jobs(self, request: Request) -> dict[str, Any]:
        given = _LIST(request.fields(), "")
        where, values = ["deleted_ms IS NULL"], []
        if "name" in given:
            where.append("lower(name) = lower(?)")
            values.append(given["name"])

        def show(row: sqlite3.Row) -> dict[str, Any]:
            return job_store.job(row, whole=given.get("expand_tasks", False), version=self._version)

        return self._listed("jobs", where, values, given, given.get("limit", 20), show)

    def _listed(
        self,
        table: str,
        where: list[str],
        values: list[Any],
        given: dict[str, Any],
        limit: int,
        show: Callable[[sqlite3.Row], dict[str, Any]],
    ) -> dict[str, Any]:
        """A page, the newest first, with tokens for the pages around it."""
        direction, number_ = _token(given.get("page_token"))
        older = direction != "newer"
        paged = [*where, *([] if number_ is None else [f"number {'<' if older else '>'} ?"])]
        own = [*values, *([] if number_ is None else [number_])]
        rows = self._state.rows(
            f"SELECT * FROM {table} WHERE {' AND '.join(paged)} ORDER BY number {'DESC' if older else 'ASC'} "
            f"LIMIT {limit} OFFSET {0 if number_ is not None else given.get('offset', 0)}",
            *own,
        )
        rows = rows if older else rows[::-1]
        told: dict[str, Any] = {"has_more": False}
        if rows:
            told["jobs" if table == "jobs" else "runs"] = [show(row) for row in rows]
            below = f"SELECT 1 FROM {table} WHERE {' AND '.join([*where, 'number < ?'])} LIMIT 1"
            above = f"SELECT 1 FROM {table} WHERE {' AND '.join([*where, 'number > ?'])} LIMIT 1"
            if self._state.row(below, *values, rows[-1]["number"]):
                told |= {"has_more": True, "next_page_token": _made("older", rows[-1]["number"])}
            if self._state.row(above, *values, rows[0]["number"]):
                told["prev_page_token"] = _made("newer", rows[0]["number"])
        return told

    def update(self, request: Request) -> dict[str, Any]:
        given = _UPDATE(request.fields(), "")
        with self._state.change() as changing:
            row = job_row(self._services, given["job_id"])
            settings = json.loads(row["settings"])
            for field in given.get("fields_to_remove", ()):
                _remove(settings, field)
            for name, value in given.get("new_settings", {}).items():
                key = {"tasks": "task_key", "job_clusters": "job_cluster_key"}.get(name)
                settings[name] = _merged(settings.get(name, []), value, key) if key else value
            self._write(changing, row, settings)
        return {}

    def reset(self, request: Request) -> dict[str, Any]:
        given = _RESET(request.fields(), "")
        with self._state.change() as changing:
            self._write(changing, job_row(self._services, given["job_id"]), given["new_settings"])
        return {}

    def _write(self, changing: sqlite3.Connection, row: sqlite3.Row, settings: dict[str, Any]) -> None:
        settings = job_settings.checked(self._services, settings, self._version)
        changing.execute(
            "UPDATE jobs SET name = ?, settings = ?, updated_ms = ? WHERE job_id = ?",
            (settings["name"], json.dumps(settings), max(now_ms(), row["updated_ms"]), row["job_id"]),
        )

    def delete(self, request: Request) -> dict[str, Any]:
        given = _ID(request.fields(), "")
        with self._state.change() as changing:
            row = job_row(self._services, given["job_id"])
            changing.execute("UPDATE jobs SET deleted_ms = ? WHERE job_id = ?", (now_ms(), row["job_id"]))
            _stop(changing, "job_id = ?", row["job_id"], why="deleted")
        return {}

    # Runs

    def run_now(self, request: Request) -> dict[str, Any]:
        given = _RUN_NOW(request.fields(), "")
        job_id, token = given.pop("job_id"), given.pop("idempotency_token", None)
        queue = given.pop("queue", {}).get("enabled")
        of_tasks = [name for name in _TASK_PARAMETERS if given.get(name)]
        for name in of_tasks:
            size = len(json.dumps({name: given[name]}, ensure_ascii=False).encode())
            if size > MOST_PARAMETERS:
                raise wrong(f"The JSON of {name} has {size} bytes; at most {MOST_PARAMETERS} are allowed")
            if isinstance(given[name], list) and not all(each.isascii() for each in given[name]):
                raise wrong(f"{name} accept only Latin characters (ASCII character set)")
        if "notebook_params" in of_tasks and "jar_params" in of_tasks:
            raise wrong("jar_params cannot be specified in conjunction with notebook_params")
        if of_tasks and given.get("job_parameters"):
            raise wrong(f"job_parameters cannot be specified in conjunction with {of_tasks[0]}")
        with self._state.change() as changing:
            settings = json.loads(job_row(self._services, job_id)["settings"])
            keys = {task["task_key"] for task in settings.get("tasks", ())}
            if not keys:
                raise wrong(f"Job {job_id} has no tasks.")
            for key in given.get("only", ()):
                if key not in keys:
                    raise wrong(f"Job {job_id} has no task '{key}'.")
            own = f"api:{token}" if token else None
            run_id = _started(changing, self._services, job_id, settings, given, own, "api", None, queue=queue)
        return {"run_id": run_id, "number_in_job": run_id}

    def submit(self, request: Request) -> dict[str, Any]:
        given = _SUBMIT(request.fields(), "settings")
        token = given.pop("idempotency_token", None)
        given.pop("access_control_list", None)
        if not given.get("tasks"):
            raise wrong("Missing required field: settings.tasks")
        tasks = job_settings.check_tasks(self._services, given["tasks"], (), job_settings.MOST_TASKS["2.1"])
        settings = {"timeout_seconds": 0, **given, "name": given.pop("run_name", "Untitled"), "tasks": tasks}
        with self._state.change() as changing:
            run_id = _started(
                changing,
                self._services,
                new_id(changing),
                settings,
                {},
                f"api:{token}" if token else None,
                "api",
                None,
                run_type="SUBMIT_RUN",
            )
        return {"run_id": run_id}

    def list_runs(self, request: Request) -> dict[str, Any]:
        given = _RUNS(request.fields(), "")
        if given.get("active_only") and given.get("completed_only"):
            raise wrong("Only one of active_only and completed_only can be true")
        where = ["deleted_ms IS NULL", "job_id NOT IN (SELECT job_id FROM jobs WHERE deleted_ms IS NOT NULL)"]
        values: list[Any] = []
        for name, condition in (
            ("job_id", "job_id = ?"),
            ("run_type", "run_type = ?"),
            ("start_time_from", "coalesce(start_ms, created_ms) >= ?"),
            ("start_time_to", "coalesce(start_ms, created_ms) <= ?"),
        ):
            if name in given:
                where.append(condition)
                values.append(given[name])
        if given.get("active_only"):
            where.append("end_ms IS NULL")
        if given.get("completed_only"):
            where.append("end_ms IS NOT NULL")
        host, whole = _host(request), given.get("expand_tasks", False)

        def show(row: sqlite3.Row) -> dict[str, Any]:
            return job_store.run(self._services, row, host, whole=whole, version=self._version)

        limit = given.get("limit", 20) or MOST_RUNS_LISTED
        return self._listed("job_runs", where, values, given, limit, show)

    def get_run(self, request: Request) -> dict[str, Any]:
        given = _RUN(request.fields(), "")
        host, after = _host(request), _page(given.get("page_token"))
        row = self._run(given["run_id"])
        if row is not None:
            return job_store.run(self._services, row, host, whole=True, version=self._version, after=after)
        task, row = self._task_run(given["run_id"])
        shown = job_store.run(self._services, row, host, whole=False, version=self._version)
        return {**shown, **job_store.task_run(self._services, task, row, host)}

    def get_output(self, request: Request) -> dict[str, Any]:
        given = _RUN_ID(request.fields(), "")
        if self._run(given["run_id"]) is not None:
            raise wrong(
                "Retrieving the output of runs with multiple tasks is not supported. "
                "Please retrieve the output of each individual task run instead."
            )
        task, row = self._task_run(given["run_id"])
        metadata = job_store.run(self._services, row, _host(request), whole=False, version=self._version)
        own = job_store.task_run(self._services, task, row, _host(request))
        kinds = (*job_settings.KINDS, "task_key")
        metadata |= {name: value for name, value in own.items() if name not in kinds}
        metadata["task"] = {name: own[name] for name in job_settings.KINDS if name in own}
        told: dict[str, Any] = {"metadata": metadata}
        kind = job_settings.kind_of(json.loads(task["task"]))
        if kind == "notebook_task":
            output: dict[str, Any] = {"truncated": bool(task["output_truncated"])}
            if task["output"] is not None:
                output["result"] = task["output"]
            told["notebook_output"] = output
        elif kind == "spark_python_task" and task["logs"] is not None:
            told |= {"logs": task["logs"], "logs_truncated": bool(task["logs_truncated"])}
        elif kind == "run_job_task" and task["child_run_id"]:
            told["run_job_output"] = {"run_id": task["child_run_id"]}
        for name in ("error", "error_trace"):
            if task[name]:
                told[name] = task[name]
        return told

    def cancel(self, request: Request) -> dict[str, Any]:
        given = _RUN_ID(request.fields(), "")
        with self._state.change() as changing:
            if self._run(given["run_id"]) is not None:
                _stop(changing, "run_id = ?", given["run_id"])
            else:
                task, _ = self._task_run(given["run_id"])
                if task["end_ms"] is None:
                    # Marked alone: whoever looks after it does the rest.
                    update(changing, "task_runs", task["run_id"], stop="user")
        return {}

    def cancel_all(self, request: Request) -> dict[str, Any]:
        given = _CANCEL_ALL(request.fields(), "")
        queued = given.get("all_queued_runs", False)
        if "job_id" not in given and not queued:
            raise wrong("Missing required field: job_id")
        with self._state.change() as changing:
            only = " AND state = 'QUEUED'" if queued else ""
            if "job_id" in given:
                _stop(changing, "job_id = ?" + only, job_row(self._services, given["job_id"])["job_id"])
            else:
                _stop(changing, "1 = ?" + only, 1)
        return {}

    def delete_run(self, request: Request) -> dict[str, Any]:
        given = _RUN_ID(request.fields(), "")
        with self._state.change() as changing:
            row = self._run(given["run_id"])
            if row is None:
                raise no_such_run(given["run_id"])
            if row["end_ms"] is None:
                raise ApiError("INVALID_STATE", f"Run {row['run_id']} is active and can't be deleted.")
            update(changing, "job_runs", row["run_id"], deleted_ms=now_ms())
        return {}

    def _run(self, run_id: int) -> sqlite3.Row | None:
        return self._state.row("SELECT * FROM job_runs WHERE run_id = ? AND deleted_ms IS NULL", run_id)

    def _task_run(self, run_id: int) -> tuple[sqlite3.Row, sqlite3.Row]:
        """A task run and the run that it is of. Raises ApiError when there is none."""
        task = self._state.row("SELECT * FROM task_runs WHERE run_id = ?", run_id)
        row = task and self._run(task["job_run_id"])
        if task is None or row is None:
            raise no_such_run(run_id)
        return task, row


def _stop(changing: sqlite3.Connection, where: str, value: Any, why: str = "user") -> None:
    """Mark runs that are not over as to be ended."""
    changing.execute(f"UPDATE job_runs SET stop = ? WHERE {where} AND end_ms IS NULL AND stop IS NULL", (why, value))


def _remove(settings: dict[str, Any], field: str) -> None:
    """Remove a field, or one task or job cluster (``tasks/train``)."""
    name, _, key = field.partition("/")
    if name not in job_settings.JOB:
        raise wrong(f"Invalid field to remove: '{field[:100]}'")
    if not key:
        settings.pop(name, None)
        return
    by = {"tasks": "task_key", "job_clusters": "job_cluster_key"}.get(name)
    if by is None:
        raise wrong(f"Invalid field to remove: '{field[:100]}': of tasks and job_clusters alone can parts be removed")
    settings[name] = [each for each in settings.get(name, ()) if each[by] != key]


def _merged(old: list[dict[str, Any]], new: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Entries by their keys: new ones in the place of old ones, or after them."""
    own = {each[key]: each for each in new if key in each}
    kept = [own.pop(each[key], each) for each in old]
    return [*kept, *(each for each in new if own.get(each.get(key)) is each)]


def _host(request: Request) -> str:
    return f"http://{request.headers.get('host', '127.0.0.1')}"


def _page(token: str | None) -> int:
    if not token:
        return 0
    if not (token.isascii() and token.isdigit() and len(token) < 7):
        raise wrong(f"Invalid page token: {token[:100]}")
    return int(token)


def _made(direction: str, at: int) -> str:
    return base64.urlsafe_b64encode(f"{direction}:{at}".encode()).decode()


def _token(token: str | None) -> tuple[str, int | None]:
    if not token:
        return "older", None
    try:
        direction, _, at = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if direction in ("older", "newer") and at.isdigit() and len(at) < 19:
            return direction, int(at)
    except ValueError:
        pass
    raise wrong(f"Invalid page token: {token[:100]}")
