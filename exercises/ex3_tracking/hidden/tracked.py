"""The learner's runs, and the one that a task asks for."""

from __future__ import annotations

from fixtures.tumours import Tumours
from grader.evidence.tracking import Run
from grader.suite.api import Lab, hangs_on
from grader.suite.runs import newest


def own_runs(lab: Lab, data: Tumours) -> list[Run]:
    """The learner's runs: all but the archive's and those deleted."""
    past = {run.id for run in data.past}
    return [run for run in lab.tracking.runs if run.id not in past and not run.deleted]


def names_asked(data: Tumours) -> set[str]:
    """The names of the runs that the tasks ask for."""
    first = {data.run_name, data.curve_run, data.artifacts_run, data.model_run}
    return first | {data.grid_run, data.auto_run, data.tune_run, data.repro_run}


def run_of(lab: Lab, name: str, widget: str, *, told_by: str | None = None) -> Run:
    """The run that a task asks for. ``told_by`` is the check that fails if it is missing, None for this one."""
    if told_by is not None and not any(run.parent is None for run in lab.tracking.named(name)):
        hangs_on(told_by, f"there is no run named as the widget {widget} says")
    return newest(lab, name, widget)
