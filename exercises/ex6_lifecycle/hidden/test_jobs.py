"""The three jobs, and the runs that the learner started: settings as they are now, and what the runs did."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from fixtures.parcels import LABEL, Parcels
from grader.evidence.workspace import Job, JobRun
from grader.suite.api import Lab, check, mismatch
from grader.suite.runs import number

CLOCKS_MS = 250
"""How far the registry's clock and the jobs' may be apart."""


def named(lab: Lab, name: str, widget: str) -> tuple[Job, ...]:
    """The jobs of this name, the newest first."""
    jobs = lab.workspace.jobs_named(name)
    if not jobs:
        others = any(not job.deleted for job in lab.workspace.jobs)
        mismatch(f"a job named as {widget} says", "no job has that name" if others else "the workspace has no job")
    return jobs[::-1]


def same_path(lab: Lab, path: object, wanted: str) -> bool:
    """Whether a notebook's path names the one that is wanted, in any of the ways in which it can be written."""

    def plain(text: str) -> str:
        text = posixpath.normpath(text.removeprefix("file:"))
        for beginning in (f"{lab.seen_at}/Workspace/", "/Workspace/"):
            text = "/" + text.removeprefix(beginning) if text.startswith(beginning) else text
        return text.removesuffix(".py").removesuffix(".ipynb")

    return isinstance(path, str) and plain(path) == plain(wanted)


def tasks_with(lab: Lab, jobs: tuple[Job, ...], notebook: str, wanted: str) -> list[tuple[Job, Mapping[str, Any]]]:
    """The tasks of these jobs that run a notebook, with their jobs."""
    found = []
    for job in jobs:
        for task in job.tasks:
            own = task.get("notebook_task")
            if isinstance(own, dict) and same_path(lab, own.get("notebook_path"), notebook):
                found.append((job, task))
    if not found:
        kinds = {key for job in jobs for task in job.tasks for key in task if key.endswith("_task")}
        other = "its task runs another notebook" if "notebook_task" in kinds else "it has no notebook task"
        mismatch(wanted, other if kinds else "it has no task")
    return found


def parameters(job: Job, task: Mapping[str, Any]) -> dict[str, str]:
    """What a notebook gets when nothing else is said: the job's own parameters come before those of the task."""
    own = task["notebook_task"].get("base_parameters")
    told = {str(k): str(v) for k, v in own.items()} if isinstance(own, dict) else {}
    shared = job.settings.get("parameters")
    for each in shared if isinstance(shared, list) else ():
        if isinstance(each, dict) and "name" in each:
            told[str(each["name"])] = str(each.get("default", ""))
    return told


def same_file(text: str, wanted: str) -> bool:
    return posixpath.normpath(text.removeprefix("file:")) == wanted


def wrong_parameter(told: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """The first parameter that is missing or another than wanted, as a sentence."""
    for name, value in wanted.items():
        if name not in told:
            return f"the parameter {name} is missing"
        right = told[name] == value or (number(value) is not None and number(told[name]) == number(value))
        if not right and not (value.startswith("/") and same_file(told[name], value)):
            return f"the parameter {name} has another value"
    return None


def best(faults: list[str | None], wanted: str) -> None:
    """Judge that one of several candidates, the newest first, has no fault."""
    if None not in faults:
        mismatch(wanted, str(faults[0]))


@check("jobs.train")
def test_training_job(lab: Lab, data: Parcels) -> None:
    wanted = "the training job runs train_notebook with the parameters model_name, rows, label and penalty"
    found = tasks_with(lab, named(lab, data.train_job, "train_job"), data.train_notebook, wanted)
    right = {
        "model_name": data.model_name,
        "rows": f"{lab.seen_at}/data/train.csv",
        "label": LABEL,
        "penalty": data.penalty,
    }
    best([wrong_parameter(parameters(job, task), right) for job, task in found], wanted)


def wrong_cluster(job: Job, task: Mapping[str, Any], data: Parcels, workers: int | None) -> str | None:
    """What is wrong with the new cluster of a task, as a sentence; ``workers``: how many, None for any number."""
    if "existing_cluster_id" in task:
        return "the task runs on a cluster that is there already"
    cluster = job.cluster(task)
    if cluster is None:
        return "the task names no cluster at all"
    if cluster.get("spark_version") != data.runtime:
        return "the cluster has another spark_version than runtime says"
    if cluster.get("node_type_id") != data.node_type:
        return "the cluster has another node_type_id than node_type says"
    if workers is not None and cluster.get("num_workers") != workers:
        return "the cluster has another number of workers"
    return None


@check("jobs.cluster")
def test_training_cluster(lab: Lab, data: Parcels) -> None:
    wanted = "the training runs on a new cluster with runtime, node_type and workers as the widgets say"
    found = tasks_with(lab, named(lab, data.train_job, "train_job"), data.train_notebook, wanted)
    best([wrong_cluster(job, task, data, data.workers) for job, task in found], wanted)


def not_due(job: Job, data: Parcels) -> str | None:
    """What is wrong with a job's schedule, as a sentence."""
    schedule = job.settings.get("schedule")
    if not isinstance(schedule, dict):
        return "the training job has no schedule"
    if schedule.get("timezone_id") != data.timezone:
        return "its schedule is in another time zone"
    if schedule.get("pause_status", "UNPAUSED") != "UNPAUSED":
        return "its schedule is paused"
    parts = str(schedule.get("quartz_cron_expression")).upper().split()
    if len(parts) not in (6, 7) or (len(parts) == 7 and parts[6] != "*"):
        return "its schedule is not for every day"
    second, minute, hour, day, month, weekday = parts[:6]
    hours, minutes = data.train_at
    if (number(hour), number(minute)) != (hours, minutes):
        swapped = (number(hour), number(minute)) == (minutes, hours)
        return "its schedule has hours and minutes in each other's place" if swapped else "it is due at another time"
    if number(second) is None:
        return "it is due more than once in that minute"
    every = {"*", "?", "*/1", "1/1", "1-31", "1-7", "SUN-SAT", "MON-SUN", "1-12", "JAN-DEC"}
    return None if {day, month, weekday} <= every else "its schedule is not for every day"


@check("jobs.schedule")
def test_training_schedule(lab: Lab, data: Parcels) -> None:
    wanted = "the training job is scheduled for every day at train_hour and train_minute in timezone"
    best([not_due(job, data) for job in named(lab, data.train_job, "train_job")], wanted)


@check("jobs.test")
def test_test_job(lab: Lab, data: Parcels) -> None:
    wanted = "the test job runs test_notebook with the parameters rows and score_key"
    found = tasks_with(lab, named(lab, data.test_job, "test_job"), data.test_notebook, wanted)
    right = {"rows": f"{lab.seen_at}/data/recent.csv", "score_key": data.score_key}
    best([wrong_parameter(parameters(job, task), right) for job, task in found], wanted)


@check("jobs.shared")
def test_test_cluster(lab: Lab, data: Parcels) -> None:
    wanted = "the test runs on the cluster with the name in cluster_name"
    found = tasks_with(lab, named(lab, data.test_job, "test_job"), data.test_notebook, wanted)

    def wrong(task: Mapping[str, Any]) -> str | None:
        if task.get("existing_cluster_id") == data.cluster[0]:
            return None
        return "it runs on another cluster" if "existing_cluster_id" in task else "it does not run on an existing one"

    best([wrong(task) for _, task in found], wanted)


@check("jobs.timeout")
def test_test_timeout(lab: Lab, data: Parcels) -> None:
    wanted = "the test is stopped after timeout_seconds"
    found = tasks_with(lab, named(lab, data.test_job, "test_job"), data.test_notebook, wanted)

    def wrong(job: Job, task: Mapping[str, Any]) -> str | None:
        limits = [task.get("timeout_seconds") or 0, job.settings.get("timeout_seconds") or 0]
        if data.timeout_seconds in limits:
            return None
        return "another time is set" if any(limits) else "neither the job nor its task has a limit"

    best([wrong(job, task) for job, task in found], wanted)


@check("jobs.deploy")
def test_deployment_job(lab: Lab, data: Parcels) -> None:
    wanted = "the deployment job runs deploy_notebook on a new cluster of runtime and node_type"
    found = tasks_with(lab, named(lab, data.deploy_job, "deploy_job"), data.deploy_notebook, wanted)
    best([wrong_cluster(job, task, data, None) for job, task in found], wanted)


# What the learner ran


def started_with(run: JobRun) -> dict[str, str]:
    """The parameters by name that a run was started with."""
    told = dict(run.job_parameters)
    given = run.given.get("notebook_params")
    return told | ({str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {})


def why_not(run: JobRun) -> str:
    """How a run that did not succeed ended, as a sentence."""
    if run.end_ms is None:
        return "the run had not ended"
    errors = [task.error for task in run.tasks if task.error]
    return f"the run ended with {run.result}" + (f": {errors[0][:200]}" if errors else "")


def trainings(lab: Lab, data: Parcels, wanted: str) -> tuple[JobRun, ...]:
    """The runs of the training job with the other penalty."""
    runs = lab.workspace.runs_of(*named(lab, data.train_job, "train_job"))
    if not runs:
        mismatch(wanted, "the training job has no run")
    found = tuple(run for run in runs if number(started_with(run).get("penalty")) == number(data.penalty_once))
    if not found:
        mismatch(wanted, "none of its runs was started with that penalty")
    return found


@check("runs.trained")
def test_trained_once(lab: Lab, data: Parcels) -> None:
    wanted = "a run of the training job that was started with penalty_once has succeeded"
    runs = trainings(lab, data, wanted)
    if not any(run.succeeded for run in runs):
        mismatch(wanted, why_not(runs[-1]))


@check("runs.version")
def test_trained_version(lab: Lab, data: Parcels) -> None:
    wanted = "trained_version is the number of the version that the run with penalty_once registered"
    runs = trainings(lab, data, wanted)
    model = lab.registry.models.get(data.model_name)
    made = set()
    for version in model.versions.values() if model else ():
        logged = lab.tracking.run(version.run_id) if version.run_id else None
        right = logged is not None and number(logged.params.get("penalty")) == number(data.penalty_once)
        if right and any(run.created_ms - CLOCKS_MS <= version.created_ms <= run.ended_ms for run in runs):
            made.add(version.number)
    if not made:
        mismatch(wanted, "no version was registered by such a run")
    found = number(lab.value("trained_version", "int", "str"))
    if found not in made:
        mismatch(wanted, "trained_version is no number" if found is None else "trained_version is another version")


def moved_at(lab: Lab, model: str, version: int) -> list[int]:
    """When a version was moved to Production."""
    own = (event for event in lab.registry.journal if event.what == "stage" and event.name == model)
    return [event.at_ms for event in own if event.version == version and event.new == "Production"]


def during(run: JobRun, at_ms: int) -> bool:
    return run.start_ms is not None and run.start_ms - CLOCKS_MS <= at_ms <= run.ended_ms + CLOCKS_MS


def redeployments(lab: Lab, data: Parcels, wanted: str) -> list[JobRun]:
    """The runs of the deployment job that moved the version of ``redeploy_model`` to Production."""
    runs = lab.workspace.runs_of(*named(lab, data.deploy_job, "deploy_job"))
    times = moved_at(lab, data.redeploy_model, data.redeploy_version)
    if not runs:
        mismatch(wanted, "the deployment job has no run")
    if not times:
        mismatch(wanted, f"the version did not go to Production; of the last run: {why_not(runs[-1])}")
    found = [run for run in runs if any(during(run, at) for at in times)]
    if not found:
        mismatch(wanted, "the version went to Production while no run of that job was active")
    return found


@check("runs.deployed")
def test_deployed_once(lab: Lab, data: Parcels) -> None:
    wanted = "a run of the deployment job moved redeploy_version of redeploy_model to Production, and succeeded"
    runs = redeployments(lab, data, wanted)
    if not any(run.succeeded for run in runs):
        mismatch(wanted, why_not(runs[-1]))
    model = lab.registry.models.get(data.redeploy_model)
    if model is None or data.redeploy_version not in model.in_stage("Production"):
        mismatch(wanted, "the version has left Production again")


@check("runs.reference")
def test_run_is_told(lab: Lab, data: Parcels) -> None:
    wanted = f"redeploy_version of redeploy_model has the tag {data.run_key}: the id of the run that deployed it"
    runs = redeployments(lab, data, wanted)
    model = lab.registry.models.get(data.redeploy_model)
    version = model.versions.get(data.redeploy_version) if model else None
    told = version.tags.get(data.run_key) if version else None
    if told is None:
        mismatch(wanted, "it has no such tag")
    if told not in {str(key) for run in runs for key in (run.id, *(task.id for task in run.tasks))}:
        verbatim = "{{" in told
        mismatch(wanted, "the tag holds a reference that stands for nothing" if verbatim else "the tag tells another")
