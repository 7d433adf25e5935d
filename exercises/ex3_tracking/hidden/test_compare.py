"""Nested runs, autologging and tuning: families of runs whose figures must be those of the models they tell of."""

from __future__ import annotations

from collections import Counter

from test_model import wrong_forest

from fixtures.tumours import Tumours
from grader.evidence.tracking import Run
from grader.suite.api import Lab, check, mismatch
from grader.suite.runs import close, newest, number, param_is, wrong_metrics

MOST_TRIALS = 60
"""So many trials are trained again; of more, those that began first."""
OWN_PARAMS = ("criterion", "min_samples_leaf", "min_samples_split", "bootstrap", "max_features", "ccp_alpha")
"""Arguments of a forest that nobody logs by hand."""


def whole(run: Run, key: str) -> int | None:
    """A param that is a whole number, else None (search tools may write 5.0)."""
    value = number(run.params.get(key))
    return int(value) if value is not None and value == int(value) else None


def children(lab: Lab, parent: Run, what: str) -> tuple[Run, ...]:
    found = lab.tracking.children(parent)
    if not found:
        mismatch(what, "no run is nested in it")
    return found


def best_logged(runs: tuple[Run, ...], keys: tuple[str, ...]) -> tuple[float, set[tuple[int | None, ...]]]:
    """The lowest log_loss that the children show, and the params of those that show it."""
    shown = [(loss, run) for run in runs if (loss := run.metric("log_loss")) is not None and loss == loss]
    if not shown:
        mismatch("children with the metric log_loss, the best of which the parent names", "no child has that metric")
    lowest = min(loss for loss, _ in shown)
    return lowest, {tuple(whole(run, key) for key in keys) for loss, run in shown if close(loss, lowest)}


def judge_best(parent: Run, runs: tuple[Run, ...], keys: tuple[str, ...], wanted: str) -> None:
    lowest, params = best_logged(runs, keys)
    wrong = None
    if not any(
        not any(param_is(parent, f"best_{key}", n or 0) for key, n in zip(keys, p, strict=True)) for p in params
    ):
        wrong = next((told for key in keys if (told := _missing(parent, f"best_{key}"))), "it names another child")
    wrong = wrong or wrong_metrics(parent, {"best_log_loss": lowest})
    if wrong:
        mismatch(wanted, wrong)


def _missing(run: Run, key: str) -> str | None:
    return None if key in run.params else f"the param {key} is missing"


@check("compare.family")
def test_family(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.grid_run, "grid_run")
    wanted = "one child run for each depth in grid, with the param max_depth"
    found = Counter(whole(run, "max_depth") for run in children(lab, parent, wanted))
    if found != Counter(data.grid):
        missing = sum((Counter(data.grid) - found).values())
        extra = sum((found - Counter(data.grid)).values())
        mismatch(wanted, f"depths without a child: {missing}; children of other depths, or doubled: {extra}")


@check("compare.metrics")
def test_grid_metrics(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.grid_run, "grid_run")
    wanted = "each child's accuracy and log_loss are those of a forest of its depth"
    runs = children(lab, parent, wanted)
    for depth in data.grid:
        own = [run for run in runs if whole(run, "max_depth") == depth]
        if not own:
            mismatch(wanted, "there is no child for some depth")
        scores = data.scores(data.n_estimators, depth)
        for run in own:
            wrong = wrong_metrics(run, {"accuracy": scores.accuracy, "log_loss": scores.log_loss})
            if wrong:
                mismatch(wanted, f"in the child of depth {depth} {wrong}")


@check("compare.models")
def test_grid_models(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.grid_run, "grid_run")
    wanted = "each child holds the forest of its depth as a model"
    runs = children(lab, parent, wanted)
    for depth in data.grid:
        models = [model for run in runs if whole(run, "max_depth") == depth for model in run.models]
        if not models:
            mismatch(wanted, "the child of some depth has no model, or there is none of that depth")
        wrong = wrong_forest(lab, models[-1], *data.answers(data.forest(data.n_estimators, depth)), data)
        if wrong:
            mismatch(wanted, f"in the child of depth {depth} {wrong}")


@check("compare.best")
def test_grid_best(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.grid_run, "grid_run")
    wanted = "best_max_depth and best_log_loss on the parent are those of the child with the lowest log_loss"
    judge_best(parent, children(lab, parent, wanted), ("max_depth",), wanted)


@check("compare.autolog")
def test_autolog(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.auto_run, "auto_run")
    wanted = "the run holds all params of the forest and its training metrics, as autologging records them"
    lacking = [key for key in OWN_PARAMS if key not in run.params]
    if lacking:
        mismatch(wanted, f"the param {lacking[0]}, among others, is missing")
    asked = {"n_estimators": data.auto_trees, "max_depth": data.max_depth, "random_state": data.random_state}
    wrong = next((told for key, value in asked.items() if (told := param_is(run, key, value))), None)
    if wrong:
        mismatch(wanted, wrong)
    scores = data.scores(data.auto_trees, data.max_depth)
    wrong = wrong_metrics(run, {"training_accuracy_score": scores.training_accuracy})
    if wrong:
        mismatch(wanted, wrong)


@check("compare.automodel")
def test_automodel(lab: Lab, data: Tumours) -> None:
    run = newest(lab, data.auto_run, "auto_run")
    wanted = "the run holds the forest with auto_trees trees, as a model"
    if not run.models:
        mismatch(wanted, "the run has no model")
    wrong = wrong_forest(lab, run.models[-1], *data.answers(data.forest(data.auto_trees, data.max_depth)), data)
    if wrong:
        mismatch(wanted, wrong)


@check("compare.trials")
def test_trials(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.tune_run, "tune_run")
    wanted = "at least as many child runs as trials says, with max_depth and min_samples_leaf within the bounds"
    runs = children(lab, parent, wanted)
    if len(runs) < data.trials:
        mismatch(wanted, f"there are {len(runs)} child runs")
    tried = set()
    for run in runs:
        depth, leaf = whole(run, "max_depth"), whole(run, "min_samples_leaf")
        if depth is None or leaf is None:
            mismatch(wanted, "a child run lacks one of the two params, or it is no whole number")
        if not (
            data.tune_depths[0] <= depth <= data.tune_depths[1] and data.tune_leaves[0] <= leaf <= data.tune_leaves[1]
        ):
            mismatch(wanted, "a child run's params are out of bounds")
        tried.add((depth, leaf))
    if len(tried) < 2:
        mismatch(wanted, "all trials tried the same")


@check("compare.tuned")
def test_tuned(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.tune_run, "tune_run")
    wanted = "each trial's accuracy and log_loss are those of a forest with its params and tune_trees trees"
    # A trial that was given up early has no metrics to be judged.
    ended = [run for run in children(lab, parent, wanted) if run.metrics or run.status == "FINISHED"]
    if not ended:
        mismatch(wanted, "no child run has metrics")
    for run in ended[:MOST_TRIALS]:
        depth, leaf = whole(run, "max_depth"), whole(run, "min_samples_leaf")
        if depth is None or leaf is None or not (1 <= depth <= 100 and 1 <= leaf <= 100):
            mismatch(wanted, "a child run does not tell its max_depth and min_samples_leaf")
        scores = data.scores(data.tune_trees, depth, leaf)
        wrong = wrong_metrics(run, {"accuracy": scores.accuracy, "log_loss": scores.log_loss})
        if wrong:
            mismatch(wanted, f"in a trial {wrong}")


@check("compare.winner")
def test_winner(lab: Lab, data: Tumours) -> None:
    parent = newest(lab, data.tune_run, "tune_run")
    wanted = "best_max_depth, best_min_samples_leaf and best_log_loss are those of the trial with the lowest log_loss"
    judge_best(parent, children(lab, parent, wanted), ("max_depth", "min_samples_leaf"), wanted)
