"""The three jobs, and the runs that the learner started: settings as they are now, and what the runs did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from lifecycle import (
    CLOCKS_MS,
    best,
    candidates,
    during,
    ending,
    fails,
    judge_test_job,
    named,
    runs_notebook,
    tasks_of,
    tasks_with,
)
from quartz_days import not_daily

from fixtures.parcels import LABEL, Parcels
from grader.evidence.registry import Version
from grader.evidence.workspace import Job, JobRun
from grader.suite.api import Lab, check, hangs_on, mismatch
from grader.suite.runs import number

# The training job


@check("jobs.train")
def test_training_job(lab: Lab, data: Parcels) -> None:
    judge_training_job(lab, data)


def judge_training_job(lab: Lab, data: Parcels) -> None:
    wanted = "the training job runs train_notebook with the parameters model_name, rows, label and penalty"
    right = {
        "model_name": data.model_name,
        "rows": f"{lab.seen_at}/data/train.csv",
        "label": LABEL,
        "penalty": data.penalty,
    }
    runs_notebook(lab, named(lab, data.train_job, "train_job"), data.train_notebook, right, wanted)


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
    jobs = named(lab, data.train_job, "train_job", instead="jobs.train")
    found = tasks_of(lab, jobs, data.train_notebook, instead="jobs.train")
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
    today = dt.datetime.now(dt.UTC).date()
    return not_daily(str(schedule.get("quartz_cron_expression")), *data.train_at, today)


@check("jobs.schedule")
def test_training_schedule(lab: Lab, data: Parcels) -> None:
    wanted = "the training job is scheduled once for every day, at train_hour and train_minute in timezone"
    jobs = named(lab, data.train_job, "train_job", instead="jobs.train")
    best([not_due(job, data) for job in jobs], wanted)


# The test job


@check("jobs.test")
def test_test_job(lab: Lab, data: Parcels) -> None:
    judge_test_job(lab, data)


@check("jobs.shared")
def test_test_cluster(lab: Lab, data: Parcels) -> None:
    wanted = "the test runs on the cluster with the name in cluster_name"
    jobs = named(lab, data.test_job, "test_job", instead="jobs.test")
    found = tasks_of(lab, jobs, data.test_notebook, instead="jobs.test")

    def wrong(task: Mapping[str, Any]) -> str | None:
        if task.get("existing_cluster_id") == data.cluster[0]:
            return None
        return "it runs on another cluster" if "existing_cluster_id" in task else "it does not run on an existing one"

    best([wrong(task) for _, task in found], wanted)


@check("jobs.timeout")
def test_test_timeout(lab: Lab, data: Parcels) -> None:
    wanted = "the test is stopped after timeout_seconds"
    jobs = named(lab, data.test_job, "test_job", instead="jobs.test")
    found = tasks_of(lab, jobs, data.test_notebook, instead="jobs.test")

    def wrong(job: Job, task: Mapping[str, Any]) -> str | None:
        limits = [task.get("timeout_seconds") or 0, job.settings.get("timeout_seconds") or 0]
        if data.timeout_seconds in limits:
            return None
        return "another time is set" if any(limits) else "neither the job nor its task has a limit"

    best([wrong(job, task) for job, task in found], wanted)


# The deployment job


@check("jobs.deploy")
def test_deployment_job(lab: Lab, data: Parcels) -> None:
    wanted = "the deployment job runs deploy_notebook on a new cluster of runtime and node_type"
    jobs = named(lab, data.deploy_job, "deploy_job")
    runs_notebook(lab, jobs, data.deploy_notebook, {}, wanted)
    found = tasks_with(lab, jobs, data.deploy_notebook)
    best([wrong_cluster(job, task, data, None) for job, task in found], wanted)


# The run of the training job


def handed(run: JobRun) -> list[Mapping[str, Any]]:
    """The parameters by name that the tasks of a run were given, or those of the run if no task began."""
    own = run.given.get("notebook_params")
    given = {**(own if isinstance(own, dict) else {}), **run.job_parameters}
    return [task.parameters for task in run.tasks if isinstance(task.parameters, dict)] or [given]


def trainings(lab: Lab, data: Parcels) -> tuple[JobRun, ...]:
    """The runs of the training job in which a task had the other penalty."""
    runs = lab.workspace.runs_of(*lab.workspace.jobs_named(data.train_job))
    once = number(data.penalty_once)
    return tuple(run for run in runs if any(number(given.get("penalty")) == once for given in handed(run)))


@check("runs.trained")
def test_trained_once(lab: Lab, data: Parcels) -> None:
    judge_training(lab, data)


def judge_training(lab: Lab, data: Parcels) -> None:
    wanted = "a run of the training job has succeeded with penalty_once in place of penalty"
    jobs = named(lab, data.train_job, "train_job", instead="jobs.train")
    runs = trainings(lab, data)
    if any(run.succeeded for run in runs):
        return
    every = lab.workspace.runs_of(*jobs)
    if not every:
        mismatch(wanted, "the training job has no run")
    if not runs:
        mismatch(wanted, "none of its runs had that penalty")
    if fails(judge_training_job, lab, data):
        hangs_on("jobs.train", f"the run {ending(runs[-1])}")
    mismatch(wanted, f"the run {ending(runs[-1])}")


@check("runs.version")
def test_trained_version(lab: Lab, data: Parcels) -> None:
    wanted = "trained_version is the number of the version that the run with penalty_once registered"
    runs = trainings(lab, data)
    model = lab.registry.models.get(data.model_name)
    made = set()
    for version in model.versions.values() if model else ():
        logged = lab.tracking.run(version.run_id) if version.run_id else None
        right = logged is not None and number(logged.params.get("penalty")) == number(data.penalty_once)
        if right and any(run.created_ms - CLOCKS_MS <= version.created_ms <= run.ended_ms for run in runs):
            made.add(version.number)
    if not made:
        if fails(judge_training, lab, data):
            hangs_on("runs.trained", "no run with penalty_once has registered a version")
        mismatch(wanted, "no version that such a run registered is left in the registry")
    found = number(lab.value("trained_version", "int", "str"))
    if found not in made:
        mismatch(wanted, "trained_version is no number" if found is None else "trained_version is another version")


# The run of the deployment job


def arrivals(lab: Lab, data: Parcels) -> list[Version]:
    """The versions that came once the notebook had ended."""
    return [version for _, version in candidates(lab, data)]


def moved_at(lab: Lab, model: str, version: int) -> list[int]:
    """When a version was moved to Production."""
    own = (event for event in lab.registry.journal if event.what == "stage" and event.name == model)
    return [event.at_ms for event in own if event.version == version and event.new == "Production"]


def redeployments(lab: Lab, data: Parcels) -> list[JobRun]:
    """The runs of the deployment job that moved the version of ``redeploy_model`` to Production."""
    times = moved_at(lab, data.redeploy_model, data.redeploy_version)
    return [run for run in deployments(lab, data) if any(during(run, at) for at in times)]


@check("runs.deployed")
def test_deployed_once(lab: Lab, data: Parcels) -> None:
    wanted = "a run of the deployment job moved redeploy_version of redeploy_model to Production, and succeeded"
    jobs = named(lab, data.deploy_job, "deploy_job", instead="jobs.deploy")
    runs = redeployments(lab, data)
    if not runs:
        if moved_at(lab, data.redeploy_model, data.redeploy_version):
            mismatch(wanted, "the version went to Production while no run of that job was active")
        begun = min((version.created_ms for version in arrivals(lab, data)), default=float("inf"))
        own = [run for run in lab.workspace.runs_of(*jobs) if run.created_ms < begun]
        if not own:
            mismatch(wanted, "you have not run the deployment job")
        told = "succeeded, but it did not move that version" if own[-1].succeeded else ending(own[-1])
        mismatch(wanted, f"the version did not go to Production: the run {told}")
    if not any(run.succeeded for run in runs):
        mismatch(wanted, f"the run {ending(runs[-1])}")
    model = lab.registry.models.get(data.redeploy_model)
    if model is None or data.redeploy_version not in model.in_stage("Production"):
        mismatch(wanted, "the version has left Production again")


@check("runs.reference")
def test_run_is_told(lab: Lab, data: Parcels) -> None:
    wanted = f"a version that the deployment job deployed has the tag {data.run_key}: the id of the job's run"
    runs = redeployments(lab, data)
    # The notebook can't set the tags of versions that come later by hand.
    later: list[tuple[Version, list[JobRun]]] = []
    for version in arrivals(lab, data):
        moved = moved_at(lab, data.model_name, version.number)[-1:]
        deploying = [run for run in deployments(lab, data) if any(during(run, at) for at in moved)]
        if deploying:
            later.append((version, deploying))
    if not runs and not later:
        hangs_on("runs.deployed", "no run of the deployment job has deployed a version")
    if runs:
        model = lab.registry.models.get(data.redeploy_model)
        redeployed = model.versions.get(data.redeploy_version) if model else None
        if redeployed is None:
            mismatch(wanted, "redeploy_version is no longer in the registry")
        judge_tag(redeployed, data, runs, wanted, "redeploy_version")
    for version, deploying in later:
        judge_tag(version, data, deploying, wanted, "a version that came later")


def deployments(lab: Lab, data: Parcels) -> tuple[JobRun, ...]:
    return lab.workspace.runs_of(*lab.workspace.jobs_named(data.deploy_job))


def judge_tag(version: Version, data: Parcels, runs: list[JobRun], wanted: str, which: str) -> None:
    """Judge that a version's tag is the id of one of these runs. ``which`` is the version in a sentence."""
    told = version.tags.get(data.run_key)
    if told is None:
        mismatch(wanted, f"{which} has no such tag")
    if told in {str(run.id) for run in runs}:
        return
    if "{{" in told:
        mismatch(wanted, f"the tag of {which} holds a reference that stands for nothing")
    if told in {str(task.id) for run in runs for task in run.tasks}:
        mismatch(wanted, f"the tag of {which} is the id of the task's run, not of the job's run")
    if told in {str(run.job) for run in runs}:
        mismatch(wanted, f"the tag of {which} is the id of the job, not of its run")
    mismatch(wanted, f"the tag of {which} is not the id of the run that deployed it")
