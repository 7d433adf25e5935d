"""The run logged by hand, and the metric with steps."""

from __future__ import annotations

from tracked import names_asked, own_runs, run_of

from fixtures.tumours import Tumours
from grader.suite.api import Lab, check, hangs_on, listed, mismatch
from grader.suite.runs import close, param_is, wrong_metrics


@check("log.experiment")
def test_experiment(lab: Lab, data: Tumours) -> None:
    wanted = "all runs are in the experiment that the widget names"
    own, asked = own_runs(lab, data), names_asked(data)
    if not own:
        mismatch(wanted, "the lab's tracking store holds no run of yours")
    # Of several runs with the same name, the one that began last counts.
    runs = list({run.name: run for run in own if run.name in asked}.values()) or own
    astray = [run for run in runs if run.experiment != data.experiment]
    if astray:
        mismatch(wanted, f"in another experiment: {len(astray)} of your runs, such as {astray[0].name[:60]!r}")


@check("log.params")
def test_params(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.run_name, "run_name")
    wrong = param_is(run, "n_estimators", data.n_estimators) or param_is(run, "max_depth", data.max_depth)
    if wrong:
        mismatch("the run has the params n_estimators and max_depth, with the values of the widgets", wrong)


@check("log.metrics")
def test_metrics(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.run_name, "run_name", told_by="log.params")
    scores = data.scores(data.n_estimators, data.max_depth)
    wrong = wrong_metrics(run, {"accuracy": scores.accuracy, "log_loss": scores.log_loss})
    if wrong:
        mismatch("accuracy and log_loss are those of the forest asked for, on the test rows", wrong)


@check("log.tags")
def test_tags(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.run_name, "run_name", told_by="log.params")
    if run.tags.get("team") != data.team:
        found = "it has no tag team" if "team" not in run.tags else "its tag team has another value"
        mismatch("the run has the tag team, with the value of the widget", found)


@check("log.ended")
def test_ended(lab: Lab, data: Tumours) -> None:
    runs = own_runs(lab, data)
    if not runs:
        hangs_on("log.experiment", "the lab's tracking store holds no run of yours")
    left = [run for run in runs if run.status not in ("FINISHED", "FAILED", "KILLED")]
    if left:
        found = f"{len(left)} of your runs are still open, such as {left[0].name!r}"
        mismatch("every run of yours has ended", found[:120])


@check("log.steps")
def test_steps(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.curve_run, "curve_run")
    wanted = "the metric log_loss has one value at each step that trees names"
    points = run.metrics.get("log_loss", ())
    if not points:
        mismatch(wanted, "the run has no metric log_loss")
    steps = [point.step for point in points]
    if sorted(steps) != sorted(data.trees):
        same = len(set(steps)) == 1 < len(steps)
        mismatch(wanted, "all its values have the same step" if same else _wrong_steps(steps, data))


def _wrong_steps(steps: list[int], data: Tumours) -> str:
    told = {
        "without a value": set(data.trees) - set(steps),
        "that trees does not name": set(steps) - set(data.trees),
        "with several values": {step for step in steps if steps.count(step) > 1},
    }
    return "; ".join(f"steps {what}: {listed(sorted(found))}" for what, found in told.items() if found)


@check("log.curve")
def test_curve(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.curve_run, "curve_run", told_by="log.steps")
    wanted = "each value of log_loss is what a forest with that number of trees scores"
    # By rank: wrong steps are another check's business.
    points = run.metrics.get("log_loss", ())
    values = [point.value for point in points]
    if len({point.step for point in points}) < len(points):
        values = [point.value for point in sorted(points, key=lambda point: point.timestamp)]
    if len(values) * 2 < len(data.trees):
        hangs_on("log.steps", "log_loss has values for fewer than half of the numbers of trees")
    right = [data.scores(trees, data.max_depth).log_loss for trees in data.trees]
    missing = [value for value in right if not any(close(other, value) for other in values)]
    strange = [value for value in values if not any(close(value, other) for other in right)]
    if strange:
        mismatch(wanted, f"{len(strange)} of its {len(values)} values are not those of the forests asked for")
    if missing and len(values) >= len(right):  # that there are fewer is for the check on the steps
        mismatch(wanted, f"the values of {len(missing)} of the {len(right)} forests are missing")
