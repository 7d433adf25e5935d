"""What the checks of jobs, webhooks and the chain share: jobs and their tasks, runs and how they ended."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from fixtures.parcels import Kind, Parcels
from grader.evidence import Mismatch
from grader.evidence.registry import Version
from grader.evidence.workspace import Job, JobRun
from grader.suite.api import Lab, Unmet, hangs_on, mismatch
from grader.suite.runs import number

CLOCKS_MS = 250
"""How far the registry's clock and the jobs' may be apart."""
MOST_ERROR = 200
"""Characters of a run's error in a sentence."""


def fails(judge: Callable[[Lab, Parcels], object], lab: Lab, data: Parcels) -> bool:
    """Whether a judgement ends as a mismatch, or hangs on one."""
    try:
        judge(lab, data)
    except (Mismatch, Unmet):
        return True
    return False


def candidates(lab: Lab, data: Parcels) -> list[tuple[Kind, Version]]:
    """The versions that came once the notebook had ended and are still there. Each is found by the run it came from."""
    model = lab.registry.models.get(data.model_name)
    kinds = {one.name: one.kind for one in data.candidates}
    found: dict[Kind, Version] = {}
    for version in model.versions.values() if model else ():
        run = lab.tracking.run(version.run_id) if version.run_id else None
        if run is not None and run.name in kinds:
            found.setdefault(kinds[run.name], version)  # another one of that run is a copy of it
    return list(found.items())


# Jobs


def named(lab: Lab, name: str, widget: str, instead: str | None = None) -> tuple[Job, ...]:
    """The jobs of this name, the newest first.

    ``instead``: the check that says that there is none, None for the one that asks.
    """
    jobs = lab.workspace.jobs_named(name)
    if not jobs:
        others = any(not job.deleted for job in lab.workspace.jobs)
        found = f"no job has the name in {widget}" if others else "the workspace has no job"
        if instead is not None:
            hangs_on(instead, found)
        mismatch(f"a job has the name in {widget}", found)
    return jobs[::-1]


def same_path(lab: Lab, path: object, wanted: str) -> bool:
    """Whether a notebook's path names the one that is wanted, in any of the ways in which it can be written."""

    def plain(text: str) -> str:
        text = posixpath.normpath(text.removeprefix("file:"))
        for beginning in (f"{lab.seen_at}/Workspace/", "/Workspace/"):
            text = "/" + text.removeprefix(beginning) if text.startswith(beginning) else text
        return text.removesuffix(".py").removesuffix(".ipynb")

    return isinstance(path, str) and plain(path) == plain(wanted)


Tasks = list[tuple[Job, Mapping[str, Any]]]
"""Tasks, each with its job."""


def tasks_with(lab: Lab, jobs: tuple[Job, ...], notebook: str) -> Tasks:
    """The tasks of these jobs that run a notebook."""
    found = []
    for job in jobs:
        for task in job.tasks:
            own = task.get("notebook_task")
            if isinstance(own, dict) and same_path(lab, own.get("notebook_path"), notebook):
                found.append((job, task))
    return found


def tasks_of(lab: Lab, jobs: tuple[Job, ...], notebook: str, instead: str) -> Tasks:
    """The tasks of these jobs that run a notebook. If no task does, all their tasks: which notebook a job runs is the
    matter of the check ``instead``.
    """
    found = tasks_with(lab, jobs, notebook) or [(job, task) for job in jobs for task in job.tasks]
    if not found:
        hangs_on(instead, "the job has no task")
    return found


def best(faults: list[str | None], wanted: str) -> None:
    """Judge that one of several candidates, the newest first, has no fault."""
    if None not in faults:
        mismatch(wanted, str(faults[0]))


def runs_notebook(lab: Lab, jobs: tuple[Job, ...], notebook: str, right: Mapping[str, str], wanted: str) -> None:
    """Judge that a task of these jobs runs a notebook with these parameters."""
    found = tasks_with(lab, jobs, notebook)
    if not found:
        kinds = {key for job in jobs for task in job.tasks for key in task if key.endswith("_task")}
        other = "its task runs another notebook" if "notebook_task" in kinds else "it has no notebook task"
        mismatch(wanted, other if kinds else "it has no task")
    best([_wrong_parameter(_parameters(job, task), right) for job, task in found], wanted)


def _parameters(job: Job, task: Mapping[str, Any]) -> dict[str, str]:
    """What a notebook gets when nothing else is said: the job's own parameters come before those of the task."""
    own = task["notebook_task"].get("base_parameters")
    told = {str(k): str(v) for k, v in own.items()} if isinstance(own, dict) else {}
    shared = job.settings.get("parameters")
    for each in shared if isinstance(shared, list) else ():
        if isinstance(each, dict) and "name" in each:
            told[str(each["name"])] = str(each.get("default", ""))
    return told


def _wrong_parameter(told: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """The first parameter that is missing or another than wanted, as a sentence."""
    for name, value in wanted.items():
        if name not in told:
            return f"the parameter {name} is missing"
        right = told[name] == value or (number(value) is not None and number(told[name]) == number(value))
        if not right and not (value.startswith("/") and _same_file(told[name], value)):
            return f"the parameter {name} has the value {told[name][:60]!r}"
    return None


def _same_file(text: str, wanted: str) -> bool:
    return posixpath.normpath(text.removeprefix("file:")) == wanted


def judge_test_job(lab: Lab, data: Parcels) -> None:
    """Judge the test job's notebook and parameters (``jobs.test``)."""
    wanted = "the test job runs test_notebook with the parameters rows and score_key"
    right = {"rows": f"{lab.seen_at}/data/recent.csv", "score_key": data.score_key}
    runs_notebook(lab, named(lab, data.test_job, "test_job"), data.test_notebook, right, wanted)


# Runs


def error_of(run: JobRun) -> str | None:
    """The first line of what the last task that failed raised, None when no task did.

    A task that runs a job raises nothing: its job's run tells.
    """
    texts = [task.error for task in run.tasks if task.error and "run_job_task" not in task.task]
    lines = texts[-1].strip().splitlines() if texts else []
    return lines[0][:MOST_ERROR] if lines else None


def ending(run: JobRun) -> str:
    """How a run that did not succeed ended, to follow its name in a sentence."""
    if run.state == "SKIPPED":
        return "was skipped, since another one was still active"
    if run.end_ms is None:
        return "had not ended"
    error = error_of(run)
    if run.result == "FAILED" and error:
        return f"failed: {error}"
    return f"ended with {str(run.result)[:60]}" + (f": {error}" if error else "")


def during(run: JobRun, at_ms: int) -> bool:
    """Whether a run was active at a time."""
    return run.start_ms is not None and run.start_ms - CLOCKS_MS <= at_ms <= run.ended_ms + CLOCKS_MS
