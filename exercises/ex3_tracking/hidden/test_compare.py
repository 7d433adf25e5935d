"""Nested runs, autologging and tuning: families of runs whose figures must be those of their models."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from test_model import asked, wrong_forest
from tracked import names_asked, own_runs, run_of

from fixtures.tumours import Scores, Tumours, labels
from grader.evidence.behaviour import Answer
from grader.evidence.files import read_bytes
from grader.evidence.models import Model
from grader.evidence.tracking import Run
from grader.suite.api import Lab, check, hangs_on, mismatch
from grader.suite.runs import close, number, wrong_metrics

MOST_TRIALS = 60
"""The number of trials that are trained again; of more, those that began first."""
MOST_TREES = 300
"""The largest forest that is trained again if a learner chose its size."""
GIVEN_UP = ("FAILED", "KILLED")
DEEPEST = 1000
"""No tree on these rows is deeper, and no leaf larger: what lies beyond gives the same forest."""

Values = tuple[int, ...]
"""What a child run tried, in the order of the params' names."""


def whole(run: Run, key: str) -> int | None:
    """A param that is a whole number, else None (search tools may write 5.0)."""
    value = number(run.params.get(key))
    return int(value) if value is not None and value == int(value) else None


def ended_well(run: Run) -> bool:
    """Whether a run was not given up. One that was left open counts: another check is about that."""
    return run.status not in GIVEN_UP


def strays(lab: Lab, data: Tumours, parent: Run, keys: Sequence[str]) -> list[Run]:
    """The learner's runs that were meant as children but name no run as their parent.

    They began while the parent was open, have these params, and are none of the runs that the tasks ask for.
    """
    return [
        run
        for run in own_runs(lab, data)
        if lab.tracking.run(run.parent) is None
        and run.id != parent.id
        and run.name not in names_asked(data)
        and parent.started_ms <= run.started_ms
        and (parent.ended_ms is None or run.started_ms <= parent.ended_ms)
        and all(key in run.params for key in keys)
    ]


def scores_lacking(run: Run) -> bool:
    """Whether a run has neither of a forest's metrics."""
    return run.metric("accuracy") is None and run.metric("log_loss") is None


def wrong_scores(run: Run, right: Scores) -> str | None:
    return wrong_metrics(run, {"accuracy": right.accuracy, "log_loss": right.log_loss})


def judge_best(
    parent: Run, tried: Sequence[tuple[Values, Run]], keys: Sequence[str], right: Callable[[Values], float], wanted: str
) -> None:
    """Whether the parent names the best of what was tried: by what the children show, or by what is ``right``.

    Wrong figures of the children are another check's business.
    """
    lacking = [f"the param best_{key} is missing" for key in keys if f"best_{key}" not in parent.params]
    told = parent.metric("best_log_loss")
    if told is None:
        lacking.append("the metric best_log_loss is missing")
    if lacking or told is None:
        mismatch(wanted, lacking[0])
    named = tuple(whole(parent, f"best_{key}") for key in keys)
    shown = [(loss, values) for values, run in tried if (loss := run.metric("log_loss")) is not None and loss == loss]
    wrong = _not_the_best(named, told, shown) if shown else ""
    if wrong is not None:
        worked_out = [(right(values), values) for values, _ in tried[:MOST_TRIALS]]
        wrong_as_well = _not_the_best(named, told, worked_out)
        if wrong_as_well:
            mismatch(wanted, wrong or wrong_as_well)


def _not_the_best(named: tuple[int | None, ...], told: float, known: list[tuple[float, Values]]) -> str | None:
    """What is wrong with the params and the figure that a parent tells, as a sentence, or None."""
    lowest = min(loss for loss, _ in known)
    if named not in {values for loss, values in known if close(loss, lowest)}:
        return "the params on the parent are not those of the best child"
    if close(told, lowest):
        return None
    rounded = math.isfinite(lowest) and any(told == round(lowest, digits) for digits in range(2, 6))
    return f"best_log_loss is {'rounded' if rounded else 'not the log_loss of that child'}"


def grid_children(lab: Lab, data: Tumours, parent: Run) -> dict[int, Run]:
    """For each depth of the grid the run that counts: the newest nested one that ended well, else a stray."""
    runs = (*strays(lab, data, parent, ("max_depth",)), *lab.tracking.children(parent))
    found = {whole(run, "max_depth"): run for run in runs if ended_well(run)}
    children = {depth: run for depth in data.grid if (run := found.get(depth)) is not None}
    if len(children) < 2:
        hangs_on("compare.family", "fewer than two depths of the grid have a child run that has not failed")
    return children


@check("compare.family")
def test_family(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.grid_run, "grid_run")
    wanted = "one child run for each depth in grid, with the param max_depth"
    nested = lab.tracking.children(parent)
    depths = Counter(whole(run, "max_depth") for run in nested if ended_well(run))
    missing = [depth for depth in data.grid if not depths[depth]]
    other = sum(count for depth, count in depths.items() if depth is not None and depth not in data.grid)
    doubled = [depth for depth in data.grid if depths[depth] > 1]
    astray = [run for run in strays(lab, data, parent, ("max_depth",)) if whole(run, "max_depth") in missing]
    if astray:
        mismatch(
            wanted, f"runs with max_depth that began while the parent was open, but are not nested in it: {len(astray)}"
        )
    if missing and not nested:
        mismatch(wanted, "no run is nested in the parent")
    if missing:
        given_up = {whole(run, "max_depth") for run in nested if not ended_well(run)}
        found = f"{len(missing)} of the {len(data.grid)} depths have no child run"
        mismatch(wanted, "the child run of a depth failed or was killed" if given_up & set(missing) else found)
    if other or doubled:
        told = {"child runs of other depths": other, "depths with several child runs": len(doubled)}
        mismatch(wanted, "; ".join(f"{what}: {count}" for what, count in told.items() if count))


@check("compare.metrics")
def test_grid_metrics(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.grid_run, "grid_run", told_by="compare.family")
    for depth, run in grid_children(lab, data, parent).items():
        wrong = wrong_scores(run, data.scores(data.n_estimators, depth))
        if wrong:
            mismatch(
                "each child's accuracy and log_loss are those of a forest of its depth",
                f"in the child of depth {depth} {wrong}",
            )


@check("compare.models")
def test_grid_models(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.grid_run, "grid_run", told_by="compare.family")
    wanted = "each child holds the forest of its depth as a model"
    for depth, run in grid_children(lab, data, parent).items():
        if not run.models:
            mismatch(wanted, f"the child of depth {depth} has no model")
        model = run.models[-1]
        wrong = wrong_forest(lab, model, *data.answers(data.forest(data.n_estimators, depth)), data)
        # Another forest than the one asked for, and scored as such: that is told by the metrics.
        other = wrong and wrong_scores(run, data.scores(data.n_estimators, depth))
        if wrong and not (other and scored_as_told(lab, model, run, data)):
            mismatch(wanted, f"in the child of depth {depth} {wrong}")


def scored_as_told(lab: Lab, model: Model, run: Run, data: Tumours) -> bool:
    """Whether a run's metrics are what its own model scores on the test rows."""
    if "sklearn" not in model.flavors:
        return False
    own = own_scores(asked(lab, model, data), labels(data.test))
    return own is not None and wrong_metrics(run, dict(zip(("accuracy", "log_loss"), own, strict=True))) is None


def own_scores(answers: tuple[Answer, ...], right: Sequence[int]) -> tuple[float, float] | None:
    """Accuracy and log_loss of a model's answers for the test rows, None if they don't tell the rows apart."""
    guessed, chances = ((answer.values or ())[: len(right)] for answer in answers)
    hits, losses = [], []
    for label, guess, row in zip(right, guessed, chances, strict=False):
        chance = number(row[label]) if isinstance(row, list) and len(row) == 2 else None
        if chance is None or not 0 <= chance <= 1:
            return None
        hits.append(number(guess) == label)
        losses.append(-math.log(max(chance, 2.0**-52)))
    if len(hits) < len(right) or len(set(losses)) <= 2:  # such as the same answer for every row
        return None
    return sum(hits) / len(right), sum(losses) / len(right)


@check("compare.best")
def test_grid_best(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.grid_run, "grid_run", told_by="compare.family")
    wanted = "best_max_depth and best_log_loss on the parent are those of the child with the lowest log_loss"
    tried = [((depth,), run) for depth, run in grid_children(lab, data, parent).items()]
    judge_best(parent, tried, ("max_depth",), lambda values: data.scores(data.n_estimators, *values).log_loss, wanted)


TRAINING = (
    *("training_precision_score", "training_recall_score", "training_f1_score", "training_accuracy_score"),
    *("training_log_loss", "training_roc_auc"),
)
"""The metrics that autologging logs for a classifier, all at once; ``training_score`` follows."""
NO_MATTER = {"n_jobs", "oob_score", "verbose", "warm_start"}
"""Arguments that don't change what a forest answers."""
MOST_INFO_BYTES = 1 << 20


def forest_params(data: Tumours) -> dict[str, object]:
    """All params of the forest of task 9, as autologging logs them."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(data.auto_trees, max_depth=data.max_depth, random_state=data.random_state)
    params: dict[str, object] = forest.get_params()
    return params


def other_params(run: Run, data: Tumours) -> list[str]:
    """The params that a run shows and that make its forest another than the one asked for."""
    return [
        key
        for key, right in forest_params(data).items()
        if key in run.params and key not in NO_MATTER and not _same_param(run.params[key], right)
    ]


def _same_param(text: str, right: object) -> bool:
    return text == str(right) or (number(right) is not None and number(text) == number(right))


def autologged(run: Run, data: Tumours) -> list[Model]:
    """The run's models for which the forest's params and the training metrics with their dataset were logged.

    Only autologging does that without being asked.
    """
    params, metrics = forest_params(data).keys(), {*TRAINING, "training_score"}
    return [model for model in run.logged if params <= model.param_names and metrics <= model.measured]


def by_hand(run: Run, data: Tumours, models: Sequence[Model]) -> str | None:
    """The first of a run's entries that autologging did not write, as a sentence, or None. ``models`` are its own."""
    own_run = "mlflow.autologging" in run.tags  # begun by autologging, which may be given tags for it
    tags = () if own_run else {key for key in run.tags if not key.startswith("mlflow.")}
    metrics = {key for key in run.metrics if not key.startswith("system/")}
    for kind, strange in (
        ("param", run.params.keys() - forest_params(data).keys()),
        ("metric", metrics - {*TRAINING, "training_score"} - scored_afterwards(run)),
        ("tag", set(tags) - {"estimator_name", "estimator_class"}),
        ("model", {model.name for model in run.models if model not in models}),
    ):
        if strange:
            return f"autologging did not write the {kind} {min(strange)[:60]!r}"
    return None


def scored_afterwards(run: Run) -> set[str]:
    """The metrics that autologging logs after training, when ``score`` or a metric of scikit-learn's is called."""
    path = run.artifact("metric_info.json")
    if path not in run.files:
        return set()
    try:
        calls = json.loads(read_bytes(path, MOST_INFO_BYTES))
    except (ValueError, RecursionError):
        return set()
    return set(calls) if isinstance(calls, dict) else set()


@check("compare.autolog")
def test_autolog(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.auto_run, "auto_run")
    wanted = (
        "the run holds the forest's params, its training metrics and the training data, all recorded by autologging"
    )
    lacking = [key for key in forest_params(data) if key not in run.params]
    if lacking:
        mismatch(wanted, f"the param {lacking[0]} is missing")
    other = other_params(run, data)
    if other:
        mismatch(wanted, f"the param {other[0]} has another value than the forest asked for")
    scores = data.scores(data.auto_trees, data.max_depth)
    right = {"training_accuracy_score": scores.training_accuracy, "training_score": scores.training_accuracy}
    wrong = wrong_metrics(run, right | {"training_log_loss": scores.training_log_loss})
    if wrong:
        mismatch(wanted, wrong)
    absent = [key for key in TRAINING if run.metric(key) is None]
    if absent:
        mismatch(wanted, f"the metric {absent[0]} is missing")
    models = autologged(run, data)
    if "train" not in run.contexts:
        mismatch(wanted, "the training data is not among the run's inputs as a dataset")
    moments = {(run.metrics[key][-1].step, run.metrics[key][-1].timestamp) for key in TRAINING}
    described = "estimator_name" in run.tags and "estimator_class" in run.tags
    drawn = run.artifact("estimator.html") in run.files
    if not (described and drawn and len(moments) == 1 and (models or not run.models)):
        mismatch(wanted, "parts of what autologging always records are missing, so not all was recorded by it")
    beside = by_hand(run, data, models)
    if beside:
        mismatch("the run holds nothing that was logged by hand", beside)


@check("compare.automodel")
def test_automodel(lab: Lab, data: Tumours) -> None:
    run = run_of(lab, data.auto_run, "auto_run", told_by="compare.autolog")
    wanted = "the run holds the forest with auto_trees trees, as a model"
    if not run.models and not run.params.keys() & forest_params(data).keys():
        hangs_on("compare.autolog", "autologging recorded nothing in this run")
    if not run.models:
        mismatch(wanted, "the run has no model")
    own = autologged(run, data)
    model = (own or run.models)[-1]
    wrong = wrong_forest(lab, model, *data.answers(data.forest(data.auto_trees, data.max_depth)), data)
    if wrong and other_params(run, data):
        forest = forest_of(run, data)
        if forest is None or wrong_forest(lab, model, *data.answers(forest), data):
            hangs_on("compare.autolog", "the run's params are those of another forest")
    elif wrong:
        mismatch(wanted, wrong)
    if not own:
        hangs_on("compare.autolog", "the model was not logged by autologging")


def forest_of(run: Run, data: Tumours) -> Any:
    """The forest that a run's params describe, None if it can't be told or is too large."""
    trees, seed = whole(run, "n_estimators"), whole(run, "random_state")
    depth = DEEPEST if run.params.get("max_depth") == "None" else whole(run, "max_depth")
    leaf = whole(run, "min_samples_leaf")
    if trees is None or seed is None or depth is None or leaf is None:
        return None
    if not (1 <= trees <= MOST_TREES and 0 <= seed < 2**32 and depth >= 1 and leaf >= 1):
        return None
    return replace(data, random_state=seed).forest(trees, min(depth, DEEPEST), min(leaf, DEEPEST))


TRIED = ("max_depth", "min_samples_leaf")


def is_trial(run: Run) -> bool:
    """Whether a run is a trial that has ended: it has both params and a forest's metrics, and was not given up."""
    return ended_well(run) and all(key in run.params for key in TRIED) and not scores_lacking(run)


def trials(lab: Lab, data: Tumours, parent: Run) -> list[Run]:
    """The search's trials; if they are too few, those that were meant to be nested as well."""
    found = [run for run in lab.tracking.children(parent) if is_trial(run)]
    if len(found) < data.trials:
        found += [run for run in strays(lab, data, parent, TRIED) if is_trial(run)]
    return found


def trained_again(lab: Lab, data: Tumours, parent: Run) -> list[tuple[Values, Run]]:
    """The trials whose forest can be trained again, with what they tried."""
    found: list[tuple[Values, Run]] = []
    for run in trials(lab, data, parent):
        depth, leaf = (whole(run, key) for key in TRIED)
        if depth is not None and leaf is not None and depth >= 1 and leaf >= 1:
            found.append(((depth, leaf), run))
    if len(found) < 2:
        hangs_on("compare.trials", "there are no two trials with both params and metrics")
    return found


def trial_scores(data: Tumours, values: Values) -> Scores:
    depth, leaf = (min(value, DEEPEST) for value in values)
    return data.scores(data.tune_trees, depth, leaf)


@check("compare.trials")
def test_trials(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.tune_run, "tune_run")
    wanted = "at least as many trials as trials says: child runs with both params, within the bounds, and with metrics"
    nested = lab.tracking.children(parent)
    runs = [run for run in nested if is_trial(run)]
    astray = [run for run in strays(lab, data, parent, TRIED) if is_trial(run)]
    if len(runs) < data.trials and astray:
        mismatch(wanted, f"trials that began while the search's run was open, but are not nested in it: {len(astray)}")
    if not nested:
        mismatch(wanted, "no run is nested in the search's run")
    if len(runs) < data.trials:
        others = f"; others, which lack them or failed: {len(nested) - len(runs)}" if len(nested) > len(runs) else ""
        mismatch(wanted, f"child runs with both params and metrics: {len(runs)}{others}")
    outside = [run for run in runs if not _within(run, data)]
    if outside:
        mismatch(wanted, f"trials with params that are out of bounds or no whole numbers: {len(outside)}")
    if len({tuple(whole(run, key) for key in TRIED) for run in runs}) < 2:
        mismatch(wanted, "all trials tried the same")


def _within(run: Run, data: Tumours) -> bool:
    bounds = zip(TRIED, (data.tune_depths, data.tune_leaves), strict=True)
    return all((value := whole(run, key)) is not None and low <= value <= high for key, (low, high) in bounds)


@check("compare.tuned")
def test_tuned(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.tune_run, "tune_run", told_by="compare.trials")
    for values, run in trained_again(lab, data, parent)[:MOST_TRIALS]:
        wrong = wrong_scores(run, trial_scores(data, values))
        if wrong:
            mismatch(
                "each trial's accuracy and log_loss are those of a forest with its params and tune_trees trees",
                f"in a trial {wrong}",
            )


@check("compare.winner")
def test_winner(lab: Lab, data: Tumours) -> None:
    parent = run_of(lab, data.tune_run, "tune_run", told_by="compare.trials")
    wanted = "best_max_depth, best_min_samples_leaf and best_log_loss are those of the trial with the lowest log_loss"
    tried = trained_again(lab, data, parent)
    judge_best(parent, tried, TRIED, lambda values: trial_scores(data, values).log_loss, wanted)
