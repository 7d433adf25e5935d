"""What a job's settings may be: every field, checked as strictly as Databricks does, and what it fills in itself."""

from __future__ import annotations

import zoneinfo
from collections.abc import Collection, Iterable
from typing import Any

from . import clusters, quartz
from .files import workspace_path
from .services import Services
from .shapes import (
    Shape,
    anything,
    choice,
    many,
    number,
    opaque,
    record,
    text,
    texts_by_name,
    truth,
    wrong,
)
from .wire import ApiError

KEY = r"[\w\-]{1,100}"
MOST_TASKS = {"2.1": 100, "2.2": 1000}
MOST_RETRIES = 20
"""Attempts beyond the first of a task that is to be tried for ever."""
RUNS_IF = ("ALL_SUCCESS", "ALL_DONE", "NONE_FAILED", "AT_LEAST_ONE_SUCCESS", "ALL_FAILED", "AT_LEAST_ONE_FAILED")
_PAUSE = choice("UNPAUSED", "PAUSED")

_STARTED = {
    "notebook_params": texts_by_name(),
    "python_params": many(text()),
    "jar_params": many(text()),
    "spark_submit_params": many(text()),
    "python_named_params": texts_by_name(),
    "sql_params": texts_by_name(),
    "dbt_commands": many(text()),
    "pipeline_params": opaque,
}
"""Parameters of one kind of task each, as ``run-now`` takes them."""
PARAMETERS: dict[str, Shape] = {**_STARTED, "job_parameters": texts_by_name()}

NOTEBOOK = record(
    {
        "notebook_path": text(),
        "source": choice("WORKSPACE", "GIT"),
        "base_parameters": texts_by_name(),
        "warehouse_id": text(),
    },
    ("notebook_path",),
)
PYTHON = record(
    {"python_file": text(), "parameters": many(text()), "source": choice("WORKSPACE", "GIT")}, ("python_file",)
)
CONDITION = record(
    {
        "op": choice(
            "EQUAL_TO", "NOT_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL"
        ),
        "left": text(),
        "right": text(),
    },
    ("op",),
)
RUN_JOB = record({"job_id": number(1), **PARAMETERS}, ("job_id",))
KINDS: dict[str, Shape] = {
    "notebook_task": NOTEBOOK,
    "spark_python_task": PYTHON,
    "condition_task": CONDITION,
    "run_job_task": RUN_JOB,
}
ABSENT = (
    "ai_runtime_task",
    "alert_task",
    "clean_rooms_notebook_task",
    "dashboard_task",
    "dbt_cloud_task",
    "dbt_platform_task",
    "dbt_task",
    "for_each_task",
    "gen_ai_compute_task",
    "pipeline_task",
    "power_bi_task",
    "python_operator_task",
    "python_wheel_task",
    "spark_jar_task",
    "spark_submit_task",
    "sql_task",
)
"""Kinds of task that Databricks has and a lab has not."""

_NOTIFICATIONS: dict[str, Shape] = {
    "email_notifications": opaque,
    "webhook_notifications": opaque,
    "notification_settings": opaque,
    "health": opaque,
}
_TASK: dict[str, Shape] = {
    "task_key": text(pattern=KEY),
    "description": text(1000),
    "depends_on": many(record({"task_key": text(), "outcome": choice("true", "false")}, ("task_key",))),
    "run_if": choice(*RUNS_IF),
    "existing_cluster_id": text(),
    "job_cluster_key": text(),
    "new_cluster": clusters.NEW,
    "environment_key": text(),
    "environment_variables_key": text(),
    "compute": opaque,
    "libraries": many(opaque),
    "max_retries": number(-1),
    "min_retry_interval_millis": number(-1),
    "retry_on_timeout": truth,
    "timeout_seconds": number(),
    "disable_auto_optimization": truth,
    "disabled": truth,
    **_NOTIFICATIONS,
    **KINDS,
    **dict.fromkeys(ABSENT, anything),
}
TASK = record(_TASK, ("task_key",))
SCHEDULE = record(
    {
        "quartz_cron_expression": text(),
        "timezone_id": text(),
        "pause_status": _PAUSE,
        "sql_condition": opaque,
    },
    ("quartz_cron_expression", "timezone_id"),
)
_COMMON: dict[str, Shape] = {
    "access_control_list": many(opaque),
    "budget_policy_id": text(),
    "usage_policy_id": text(),
    "environments": many(opaque),
    "environment_variables": many(opaque),
    "git_source": opaque,
    "queue": record({"enabled": truth}, ("enabled",)),
    "run_as": opaque,
    "timeout_seconds": number(),
    "tasks": many(TASK),
    **_NOTIFICATIONS,
}
JOB: dict[str, Shape] = {
    **_COMMON,
    "name": text(4096),
    "description": text(27_700),
    "tags": texts_by_name(25),
    "schedule": SCHEDULE,
    "continuous": opaque,
    "trigger": opaque,
    "triggers": many(opaque),
    "deployment": opaque,
    "duration_target": text(),
    "edit_mode": choice("UI_LOCKED", "EDITABLE"),
    "format": choice("MULTI_TASK", "SINGLE_TASK"),
    "job_clusters": many(
        record(
            {"job_cluster_key": text(pattern=KEY), "new_cluster": clusters.NEW, "serverless_compute_id": text()},
            ("job_cluster_key", "new_cluster"),
        ),
        100,
    ),
    "max_concurrent_runs": number(0, 1000),
    "parameters": many(record({"name": text(pattern=r"[\w\-.]{1,100}"), "default": text(10_000)}, ("name",)), 1000),
    "parent_path": text(),
    "performance_target": choice("PERFORMANCE_OPTIMIZED", "STANDARD", "COST_OPTIMIZED"),
}
SUBMIT: dict[str, Shape] = {
    **_COMMON,
    "run_name": text(4096),
    "idempotency_token": text(64),
}
_FILLED: dict[str, Any] = {"email_notifications": {}, "webhook_notifications": {}, "timeout_seconds": 0}


def checked(services: Services, settings: dict[str, Any], version: str) -> dict[str, Any]:
    """A job's settings with what Databricks fills in. Raises ApiError for what it would refuse.

    They have the shapes above already; this is about what fields mean together.
    """
    parameters = [each["name"] for each in settings.get("parameters", ())]
    _all_differ(parameters, "Duplicate job parameter name '{}'")
    for each in settings.get("parameters", ()):
        each.setdefault("default", "")
    pools = [each["job_cluster_key"] for each in settings.get("job_clusters", ())]
    _all_differ(pools, "Duplicate job_cluster_key '{}' in job_clusters")
    for pool in settings.get("job_clusters", ()):
        clusters.check_new(pool["new_cluster"], "settings.job_clusters.new_cluster")
    if "git_source" in settings:
        raise _absent("git_source")
    if "schedule" in settings:
        _check_schedule(settings["schedule"])
        settings["schedule"].setdefault("pause_status", "UNPAUSED")
    if sum(name in settings for name in ("schedule", "continuous", "trigger")) > 1:
        raise wrong("Only one of schedule, continuous and trigger can be specified")
    tasks = check_tasks(services, settings.get("tasks", []), pools, MOST_TASKS[version])
    settings.pop("access_control_list", None)
    return {
        "name": "Untitled",
        **_FILLED,
        "max_concurrent_runs": 1,
        **settings,
        **({"tasks": tasks} if tasks else {}),
        "format": "MULTI_TASK",
    }


def check_tasks(
    services: Services, tasks: list[dict[str, Any]], pools: Collection[str], most: int
) -> list[dict[str, Any]]:
    """The tasks with what Databricks fills in. Raises ApiError for what it would refuse."""
    if len(tasks) > most:
        raise wrong(f"The job has {len(tasks)} tasks; at most {most} are allowed")
    keys = [task["task_key"] for task in tasks]
    _all_differ(keys, "Duplicate task_key '{}': each task of a job must have a key of its own")
    conditions = {task["task_key"] for task in tasks if "condition_task" in task}
    told = []
    for task in tasks:
        key = task["task_key"]
        _check_kind(services, task)
        _check_cluster(services, task, pools)
        for needed in task.get("depends_on", ()):
            other = needed["task_key"]
            if other == key:
                raise wrong(f"Invalid dependency graph, task '{key}' can not reference itself.")
            if other not in keys:
                raise wrong(f"Invalid dependency graph, task '{key}' depends on task '{other}', which does not exist.")
            if "outcome" in needed and other not in conditions:
                raise wrong(f"Task '{key}' names an outcome of task '{other}', which is no condition task.")
        _all_differ([each["task_key"] for each in task.get("depends_on", ())], f"Task '{key}' depends twice on '{{}}'")
        told.append({"run_if": "ALL_SUCCESS", "timeout_seconds": 0, "email_notifications": {}, **task})
    _check_order(tasks)
    return told


def kind_of(task: dict[str, Any]) -> str:
    """The field that says what kind of task it is."""
    return next(name for name in KINDS if name in task)


def _check_kind(services: Services, task: dict[str, Any]) -> None:
    key = task["task_key"]
    for name in ABSENT:
        if name in task:
            raise _absent(name)
    kinds = [name for name in KINDS if name in task]
    if len(kinds) != 1:
        what = "none" if not kinds else "more than one"
        raise wrong(f"Task '{key}' must have exactly one of {', '.join(KINDS)}, and has {what}")
    kind = task[kinds[0]]
    if kinds[0] == "notebook_task":
        kind.setdefault("source", "WORKSPACE")
        workspace_path(services, kind["notebook_path"])
    elif kinds[0] == "spark_python_task":
        workspace_path(services, kind["python_file"], script=True)
    elif kinds[0] == "condition_task":
        for side in ("left", "right"):
            if side not in kind:
                raise wrong(f"Missing required field: settings.tasks.condition_task.{side}")
    if kind.get("source") == "GIT":
        raise _absent("source GIT")


def _check_cluster(services: Services, task: dict[str, Any], pools: Collection[str]) -> None:
    key = task["task_key"]
    given = [name for name in ("existing_cluster_id", "job_cluster_key", "new_cluster") if name in task]
    if len(given) > 1:
        message = "Only one of job_cluster_key, new_cluster, or existing_cluster_id can be specified"
        raise wrong(f"Task '{key}': {message}")
    if "existing_cluster_id" in task:
        clusters.check(services, task["existing_cluster_id"])
    elif "job_cluster_key" in task and task["job_cluster_key"] not in pools:
        raise wrong(f"Task '{key}': job cluster '{task['job_cluster_key']}' is not defined in field 'job_clusters'.")
    elif "new_cluster" in task:
        clusters.check_new(task["new_cluster"], "settings.tasks.new_cluster")


def _check_order(tasks: list[dict[str, Any]]) -> None:
    left = {task["task_key"]: {each["task_key"] for each in task.get("depends_on", ())} for task in tasks}
    while left:
        free = [key for key, needed in left.items() if not needed & left.keys()]
        if not free:
            names = ", ".join(f"'{key}'" for key in left)
            raise wrong(f"Invalid dependency graph, it contains a cycle among the tasks {names}.")
        for key in free:
            del left[key]


def _check_schedule(schedule: dict[str, Any]) -> None:
    quartz.check(schedule["quartz_cron_expression"])
    zone = schedule["timezone_id"]
    try:
        known = zone == "UTC" or zoneinfo.ZoneInfo(zone) is not None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if not known:
        raise wrong(f"Invalid timezone: '{zone[:100]}' is no Java timezone id.")


def _all_differ(names: Iterable[str], message: str) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise wrong(message.format(name))
        seen.add(name)


def _absent(name: str) -> ApiError:
    return ApiError("NOT_IMPLEMENTED", f"A lab has no {name}: docs/databricks.md says what it has.", 501)
