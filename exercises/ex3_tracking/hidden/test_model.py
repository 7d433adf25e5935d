"""The logged model: what it predicts, its signature and example, and its predictions read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracked import run_of

from fixtures.tumours import FEATURES, Tumours
from grader.evidence import Mismatch
from grader.evidence.behaviour import Answer, Call
from grader.evidence.models import Model
from grader.suite.api import Lab, check, hangs_on, mismatch
from grader.suite.runs import close, number

NUMERIC = {"double", "float"}


def logged(lab: Lab, data: Tumours, *, told_by: str | None = "model.logged") -> Model:
    """The model of task 4: the last one that the run logged. ``told_by`` is the check that fails if there is none."""
    run = run_of(lab, data.model_run, "model_run", told_by=told_by)
    if not run.models and told_by is not None:
        hangs_on(told_by, "the run has no model")
    if not run.models:
        mismatch("the run holds a logged model", "the run has no model among its outputs and artifacts")
    return run.models[-1]


def wrong_forest(lab: Lab, model: Model, labels: list[int], chances: list[list[float]], data: Tumours) -> str | None:
    """How a model's answers on the rows asked differ from a forest's, as a sentence, or None."""
    if "sklearn" not in model.flavors:
        return f"the model has the flavors {', '.join(model.flavors)}, and not sklearn"
    right: tuple[list[Any], ...] = (labels, chances)
    for answer, wanted in zip(asked(lab, model, data), right, strict=True):
        if answer.values is None:
            return f"asked about rows, the model raised {answer.error}"
        if len(answer.values) != len(wanted) or not all(map(_same, answer.values, wanted)):
            return "the model gives other answers than the forest asked for"
    return None


def asked(lab: Lab, model: Model, data: Tumours) -> tuple[Answer, ...]:
    """The labels and the probabilities that a scikit-learn model gives the rows asked."""
    calls = (Call(FEATURES, data.asked), Call(FEATURES, data.asked, method="predict_proba"))
    return lab.predict(model, *calls, flavor="sklearn")


def _same(found: object, wanted: int | list[float]) -> bool:
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_same, found, wanted))  # type: ignore[arg-type]
    return close(found, wanted)


@check("model.logged")
def test_logged(lab: Lab, data: Tumours) -> None:
    wrong = wrong_forest(lab, logged(lab, data, told_by=None), *data.predictions, data)
    if wrong:
        mismatch("the model is the forest of task 1, logged with the flavor sklearn", wrong)


@check("model.signature")
def test_signature(lab: Lab, data: Tumours) -> None:
    model = logged(lab, data)
    wanted = "a signature with the ten measurements as numbers, and with an output"
    if model.inputs is None:
        mismatch(wanted, "the model has no signature")
    names = [column.name for column in model.inputs]
    if names != list(FEATURES):
        found = "its inputs have no names" if not any(names) else "its inputs are other columns, or in another order"
        mismatch(wanted, found)
    if not all(column.type in NUMERIC for column in model.inputs):
        mismatch(wanted, "not all its inputs are floating point numbers")
    if not model.outputs:
        mismatch(wanted, "the signature has no output")


@check("model.example")
def test_example(lab: Lab, data: Tumours) -> None:
    model = logged(lab, data)
    wanted = "an input example of one to ten rows of X_train"
    example = model.example
    if example is None:
        mismatch(wanted, "the model has no input example that is a table")
    if list(example.columns) != list(FEATURES):
        mismatch(wanted, f"the example has {len(example.columns)} columns, not just the ten measurements")
    if not 1 <= len(example.rows) <= 10:
        mismatch(wanted, f"the example has {len(example.rows)} rows")
    known = {_rounded(row[:-1]) for row in data.train}
    strange = [row for row in example.rows if _rounded(row) not in known]
    if strange:
        mismatch(wanted, f"{len(strange)} of its rows are not in X_train")


def _rounded(row: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(f"{value:.6e}" if (value := number(cell)) is not None else "" for cell in row)


@check("model.loaded")
def test_loaded(lab: Lab, data: Tumours) -> None:
    wanted = "predictions are the labels that the model of task 4 gives the rows of X_test"
    model = logged(lab, data)
    found = lab.sequence("predictions")
    labels: Sequence[float] = data.predictions[0][: len(data.test)]
    if len(found) != len(labels):
        mismatch(wanted, f"predictions holds {len(found)} values for {len(labels)} rows")

    def others(right: Sequence[float]) -> int:
        return sum(not close(a, b) for a, b in zip(found, right, strict=True))

    wrong = others(labels)
    if wrong and (own := _own_labels(lab, model, data)):
        wrong = others(own)  # who logged another model than the one asked for has paid for it
    if wrong:
        mismatch(wanted, f"{wrong} of the {len(labels)} labels differ")


def _own_labels(lab: Lab, model: Model, data: Tumours) -> list[float] | None:
    """What the logged model itself gives the test rows; None unless it tells them apart."""
    if "sklearn" not in model.flavors:
        return None
    try:
        values = asked(lab, model, data)[0].values or ()
    except Mismatch:
        return None
    own = [label for value in values[: len(data.test)] if (label := number(value)) is not None]
    return own if len(own) == len(data.test) and len(set(own)) > 1 else None
