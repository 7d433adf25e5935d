"""The run logged by hand, and the metric with steps."""

from __future__ import annotations

from fixtures.tumours import Tumours
from grader.evidence.tracking import Run
from grader.suite.api import Lab, check, mismatch
from grader.suite.runs import close, newest, param_is, wrong_metrics


def own_runs(lab: Lab, data: Tumours) -> list[Run]:
    """The learner's runs: all but the archive's and those deleted."""
    past = {run.id for run in data.past}
    return [run for run in lab.tracking.runs if run.id not in past and not run.deleted]


@check("log.experiment")
def test_experiment(lab: Lab, data: Tumours) -> None:
    asked = {data.run_name, data.curve_run, data.artifacts_run, data.model_run, data.grid_run, data.auto_run}
    asked |= {data.tune_run, data.repro_run}
    runs = [run for run in own_runs(lab, data) if run.name in asked]
    if not runs:
        newest(lab, data.run_name, "run_name")
    astray = [run for run in runs if run.experiment != data.experiment]
    if astray:
        mismatch("all runs are in the experiment named by the widget", f"{len(astray)} are in another experiment")


@check("log.params")
def test_params(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.run_name, "run_name")
    wrong = param_is(run, "n_estimators", data.n_estimators) or param_is(run, "max_depth", data.max_depth)
    if wrong:
        mismatch("the run has the params n_estimators and max_depth, with the values of the widgets", wrong)


@check("log.metrics")
def test_metrics(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.run_name, "run_name")
    scores = data.scores(data.n_estimators, data.max_depth)
    wrong = wrong_metrics(run, {"accuracy": scores.accuracy, "log_loss": scores.log_loss})
    if wrong:
        mismatch("accuracy and log_loss are those of the forest asked for, on the test rows", wrong)


@check("log.tags")
def test_tags(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.run_name, "run_name")
    if run.tags.get("team") != data.team:
        found = "it has no tag team" if "team" not in run.tags else "its tag team has another value"
        mismatch("the run has the tag team, with the value of the widget", found)


@check("log.ended")
def test_ended(lab: Lab, data: Tumours) -> None:
    runs = own_runs(lab, data)
    if not runs:
        mismatch("runs of yours, all ended", "the tracking store holds no run of yours")
    left = [run for run in runs if run.status not in ("FINISHED", "FAILED", "KILLED")]
    if left:
        mismatch("every run of yours has ended", f"{len(left)} still open, such as {left[0].name!r}"[:120])


@check("log.steps")
def test_steps(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.curve_run, "curve_run")
    wanted = "the metric log_loss has one value at each step that trees names"
    points = run.metrics.get("log_loss", ())
    if not points:
        mismatch(wanted, "the run has no metric log_loss")
    steps = [point.step for point in points]
    if sorted(steps) != sorted(data.trees):
        same = len(set(steps)) == 1 < len(steps)
        mismatch(wanted, "all its values have the same step" if same else "its steps are others")


@check("log.curve")
def test_curve(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.curve_run, "curve_run")
    wanted = "each value of log_loss is what a forest with so many trees scores"
    # By rank: wrong steps are another check's business.
    points = run.metrics.get("log_loss", ())
    values = [point.value for point in points]
    if len({point.step for point in points}) < len(points):
        values = [point.value for point in sorted(points, key=lambda point: point.timestamp)]
    if len(values) < len(data.trees):
        mismatch(wanted, f"it has {len(values)} values for {len(data.trees)} numbers of trees")
    right = [data.scores(trees, data.max_depth).log_loss for trees in data.trees]
    found = [value for value in values if any(close(value, other) for other in right)]
    missing = [value for value in right if not any(close(other, value) for other in values)]
    if missing or len(found) < len(values):
        mismatch(wanted, f"{len(missing)} of {len(right)} values are missing or others")
