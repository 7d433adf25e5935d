"""What a lab's workspace did, read from its database: webhooks and what was delivered, jobs and how they ran.

Names and meanings follow Databricks' public reference pages "Registry webhooks" and "Jobs API". The database lies in
the lab's folder, where notebooks and jobs can change it: as evidence it is worth what ``mlflow.db`` is. What was truly
delivered once the notebook had ended, the workspace's server has also reported to the grader (``lab_guest.house``):
nobody else can write that.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.evidence import Unreadable, database
from grader.evidence.database import Row

NAME = "workspace.db"
WHAT = "what the lab's workspace keeps"

_TABLES = {
    "webhooks": ("number", "id", "model_name", "events", "status", "description", "http", "job", "created_ms"),
    "deliveries": ("id", "webhook_id", "event", "model_name", "version", "body", "test", "state", "created_ms"),
    "attempts": ("id", "delivery_id", "at_ms", "target", "status_code", "response", "error"),
    "activities": ("number", "type", "name", "version", "comment", "from_stage", "to_stage", "created_ms", "open"),
    "received": ("id", "receiver", "at_ms", "method", "headers", "body", "answered"),
    "jobs": ("number", "job_id", "name", "settings", "created_ms", "deleted_ms"),
    "job_runs": (
        *("number", "run_id", "job_id", "source", "settings", "given", "job_parameters", "state", "result"),
        *("created_ms", "start_ms", "end_ms", "deleted_ms"),
    ),
    "task_runs": (
        *("number", "run_id", "job_run_id", "task_key", "attempt", "task", "parameters", "path", "state", "result"),
        *("start_ms", "end_ms", "output", "error"),
    ),
}


@dataclass(frozen=True)
class Webhook:
    """A registry webhook as it is now. ``http`` and ``job`` are its specifications, of which it has one."""

    id: str
    model: str | None
    """The registered model that it listens to, None for all of them."""
    events: tuple[str, ...]
    status: str
    description: str
    http: Mapping[str, Any] | None
    job: Mapping[str, Any] | None
    created_ms: int


@dataclass(frozen=True)
class Attempt:
    """One try to deliver an event, and what came of it."""

    at_ms: int
    target: str
    status_code: int | None
    response: str
    error: str | None


@dataclass(frozen=True)
class Delivery:
    """An event that a webhook was to be told. ``test``: made up, because someone asked for a test."""

    id: int
    webhook: str
    event: str
    model: str | None
    version: str | None
    body: str
    test: bool
    state: str
    """pending, delivered, failed, dropped or test."""
    created_ms: int
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Delivered:
    """An attempt to deliver an event after the notebook's end, as the workspace's server itself reported it."""

    delivery: int
    webhook: str
    test: bool
    sha256: str
    """Of the body, in hexadecimal digits."""
    target: str
    signature: str | None
    status: int | None
    """The answer's HTTP status, None when there was no answer."""
    job: int | None
    run: int | None
    """The job that it started, and the run."""


@dataclass(frozen=True)
class Message:
    """What the lab's own receiver was sent under one of its names. Names of headers are in lower case."""

    receiver: str
    at_ms: int
    method: str
    headers: Mapping[str, str]
    body: bytes
    answered: int

    @cached_property
    def sha256(self) -> str:
        """Of the body, in hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Activity:
    """A comment, or a request to move a version to a stage."""

    type: str
    model: str
    version: str
    comment: str
    from_stage: str | None
    to_stage: str | None
    created_ms: int
    open: bool


@dataclass(frozen=True)
class Job:
    """A job as it is now; ``settings`` as Databricks' API shows them."""

    id: int
    name: str
    settings: Mapping[str, Any]
    created_ms: int
    deleted: bool

    @property
    def tasks(self) -> tuple[Mapping[str, Any], ...]:
        """Its tasks that are objects."""
        return _objects(self.settings.get("tasks"))

    def cluster(self, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What a task's own new cluster or job cluster is to be, None when it has neither."""
        if isinstance(task.get("new_cluster"), dict):
            own: Mapping[str, Any] = task["new_cluster"]
            return own
        for pool in _objects(self.settings.get("job_clusters")):
            if "job_cluster_key" in task and pool.get("job_cluster_key") == task["job_cluster_key"]:
                shared = pool.get("new_cluster")
                return shared if isinstance(shared, dict) else None
        return None


@dataclass(frozen=True)
class TaskRun:
    """One attempt at a task. ``parameters`` are those that it was given, references replaced."""

    id: int
    key: str
    attempt: int
    task: Mapping[str, Any]
    parameters: Any
    state: str
    result: str | None
    start_ms: int | None
    end_ms: int | None
    output: str | None
    error: str | None


@dataclass(frozen=True)
class JobRun:
    """A run of a job. ``given`` are the parameters that it was started with, by kind (``notebook_params``, ...)."""

    id: int
    job: int
    source: str
    """What started it: api, webhook or run_job_task."""
    given: Mapping[str, Any]
    job_parameters: Mapping[str, str]
    state: str
    result: str | None
    created_ms: int
    start_ms: int | None
    end_ms: int | None
    tasks: tuple[TaskRun, ...]

    @property
    def succeeded(self) -> bool:
        return self.result == "SUCCESS"

    @property
    def ended_ms(self) -> float:
        """When it ended; endless while it has not."""
        return float("inf") if self.end_ms is None else self.end_ms

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """The events of webhooks that it was started with: JSON in any of its parameters."""
        told = []
        for text in _texts(self.given):
            try:
                message = json.loads(text) if text.lstrip().startswith("{") else None
            except (ValueError, RecursionError):
                continue
            if isinstance(message, dict) and "event" in message and message not in told:
                told.append(message)
        return tuple(told)


@dataclass(frozen=True)
class Workspace:
    """All that the workspace keeps, in the order in which it came about."""

    webhooks: tuple[Webhook, ...]
    deliveries: tuple[Delivery, ...]
    received: tuple[Message, ...]
    activities: tuple[Activity, ...]
    jobs: tuple[Job, ...]
    runs: tuple[JobRun, ...]
    delivered: tuple[Delivered, ...] = ()
    """What was delivered after the notebook's end, tests included. Nobody in the lab can add to it."""
    cut: bool = False
    """Whether more was delivered than ``delivered`` has."""

    def start_of(self, run: JobRun) -> Delivered | None:
        """The delivery that started a run after the notebook's end, None when no webhook started it."""
        given = {hashlib.sha256(text.encode(errors="replace")).hexdigest() for text in _texts(run.given)}
        return next((one for one in self._starts.get((run.id, run.job), ()) if one.sha256 in given), None)

    @cached_property
    def _starts(self) -> Mapping[tuple[int | None, int | None], list[Delivered]]:
        """What was delivered, by the run and the job that it started."""
        told = defaultdict(list)
        for one in self.delivered:
            told[one.run, one.job].append(one)
        return told

    def jobs_named(self, name: str) -> tuple[Job, ...]:
        """The jobs of this name that are not deleted, the newest last."""
        return tuple(job for job in self.jobs if job.name == name and not job.deleted)

    def runs_of(self, *jobs: Job) -> tuple[JobRun, ...]:
        """The runs of these jobs."""
        ids = {job.id for job in jobs}
        return tuple(run for run in self.runs if run.job in ids)

    def webhook(self, key: str) -> Webhook | None:
        """The webhook of this id."""
        return next((hook for hook in self.webhooks if hook.id == key), None)


def open_workspace(path: Path, reported: str = "") -> Workspace:
    """What the workspace's database at ``path`` holds, and what its server has ``reported`` (JSON lines).

    Raises Unreadable as :func:`grader.evidence.database.read`.
    """
    tables = database.read(path, _TABLES, WHAT)
    lines = [line for line in map(_line, reported.splitlines()) if line]
    delivered = tuple(filter(None, map(_delivered, lines)))
    try:
        return replace(_workspace(tables), delivered=delivered, cut=any("cut" in line for line in lines))
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError) as error:
        raise Unreadable(f"{path.name} holds values that the workspace never writes") from error


def _workspace(tables: Mapping[str, list[Row]]) -> Workspace:
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    for row in _in_order(tables["attempts"], "id"):
        attempts[int(row["delivery_id"])].append(_attempt(row))
    tasks: dict[int, list[TaskRun]] = defaultdict(list)
    for row in _in_order(tables["task_runs"]):
        tasks[int(row["job_run_id"])].append(_task_run(row))
    runs = (row for row in _in_order(tables["job_runs"]) if row["deleted_ms"] is None)
    return Workspace(
        webhooks=tuple(_webhook(row) for row in _in_order(tables["webhooks"])),
        deliveries=tuple(
            _delivery(row, tuple(attempts[int(row["id"])])) for row in _in_order(tables["deliveries"], "id")
        ),
        received=tuple(_message(row) for row in _in_order(tables["received"], "id")),
        activities=tuple(_activity(row) for row in _in_order(tables["activities"])),
        jobs=tuple(_job(row) for row in _in_order(tables["jobs"])),
        runs=tuple(_run(row, tuple(tasks[int(row["run_id"])])) for row in runs),
    )


def _line(text: str) -> dict[str, Any] | None:
    try:
        return _object(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _delivered(line: Mapping[str, Any]) -> Delivered | None:
    """A line of what was reported; None for what the server does not write."""
    try:
        return Delivered(
            delivery=int(line["delivery"]),
            webhook=str(line["webhook"]),
            test=bool(line["test"]),
            sha256=str(line["sha256"]),
            target=str(line["target"]),
            signature=_text(line["signature"]),
            status=_number(line["status"]),
            job=_number(line["job"]),
            run=_number(line["run"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _in_order(rows: list[Row], by: str = "number") -> list[Row]:
    return sorted(rows, key=lambda row: int(row[by]))


def _webhook(row: Row) -> Webhook:
    events = json.loads(row["events"])
    if not isinstance(events, list):
        raise TypeError("events are a list")
    return Webhook(
        id=str(row["id"]),
        model=_text(row["model_name"]),
        events=tuple(map(str, events)),
        status=str(row["status"]),
        description=_text(row["description"]) or "",
        http=_object(row["http"]) if row["http"] else None,
        job=_object(row["job"]) if row["job"] else None,
        created_ms=int(row["created_ms"]),
    )


def _attempt(row: Row) -> Attempt:
    return Attempt(
        at_ms=int(row["at_ms"]),
        target=str(row["target"]),
        status_code=_number(row["status_code"]),
        response=_text(row["response"]) or "",
        error=_text(row["error"]),
    )


def _delivery(row: Row, attempts: tuple[Attempt, ...]) -> Delivery:
    return Delivery(
        id=int(row["id"]),
        webhook=str(row["webhook_id"]),
        event=str(row["event"]),
        model=_text(row["model_name"]),
        version=_text(row["version"]),
        body=str(row["body"]),
        test=bool(row["test"]),
        state=str(row["state"]),
        created_ms=int(row["created_ms"]),
        attempts=attempts,
    )


def _message(row: Row) -> Message:
    body = row["body"]
    headers = {name.lower(): str(value) for name, value in _object(row["headers"]).items()}
    return Message(
        receiver=str(row["receiver"]),
        at_ms=int(row["at_ms"]),
        method=str(row["method"]),
        headers=headers,
        body=body if isinstance(body, bytes) else str(body).encode(errors="replace"),
        answered=int(row["answered"]),
    )


def _activity(row: Row) -> Activity:
    return Activity(
        type=str(row["type"]),
        model=str(row["name"]),
        version=str(row["version"]),
        comment=_text(row["comment"]) or "",
        from_stage=_text(row["from_stage"]),
        to_stage=_text(row["to_stage"]),
        created_ms=int(row["created_ms"]),
        open=bool(row["open"]),
    )


def _job(row: Row) -> Job:
    return Job(
        id=int(row["job_id"]),
        name=str(row["name"]),
        settings=_object(row["settings"]),
        created_ms=int(row["created_ms"]),
        deleted=row["deleted_ms"] is not None,
    )


def _run(row: Row, tasks: tuple[TaskRun, ...]) -> JobRun:
    parameters = json.loads(row["job_parameters"])
    if not isinstance(parameters, list):
        raise TypeError("parameters are a list")
    return JobRun(
        id=int(row["run_id"]),
        job=int(row["job_id"]),
        source=str(row["source"]),
        given=_object(row["given"]),
        job_parameters={str(each["name"]): str(each.get("value", "")) for each in parameters},
        state=str(row["state"]),
        result=_text(row["result"]),
        created_ms=int(row["created_ms"]),
        start_ms=_number(row["start_ms"]),
        end_ms=_number(row["end_ms"]),
        tasks=tasks,
    )


def _task_run(row: Row) -> TaskRun:
    return TaskRun(
        id=int(row["run_id"]),
        key=str(row["task_key"]),
        attempt=int(row["attempt"]),
        task=_object(row["task"]),
        parameters=json.loads(row["parameters"]) if row["parameters"] else None,
        state=str(row["state"]),
        result=_text(row["result"]),
        start_ms=_number(row["start_ms"]),
        end_ms=_number(row["end_ms"]),
        output=_text(row["output"]),
        error=_text(row["error"]),
    )


def _object(text: Any) -> dict[str, Any]:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise TypeError("an object is expected")
    return told


def _objects(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value of JSON."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
