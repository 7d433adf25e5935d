"""The custom model: right, the same for one row as for many, and strict about what it is handed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from asking import (
    ANSWERS,
    FRESH,
    as_numbers,
    asked,
    close,
    logged,
    must_declare,
    numbers,
    numbers_first,
    rows,
    short,
    wrong,
)

from fixtures.diabetes import COLUMNS, Diabetes, matrix
from grader.evidence.behaviour import Answer, Call
from grader.evidence.models import Model
from grader.suite.api import Lab, check, mismatch


class Asked(NamedTuple):
    """All that the custom model is asked, in one go."""

    batch: Answer
    alone: tuple[Answer, ...]
    """A few rows of the batch, one at a time."""
    half: Answer
    """The first half of the batch."""
    shuffled: Answer
    """The batch with its columns in another order, and with columns that the model does not know."""
    text: Answer
    truth: Answer
    missing: Answer
    own: Answer
    """The batch beneath the signature: MLflow enforces one on a copy, so only here the model is handed these rows."""
    own_wide: Answer
    """The same with a column that the model does not know."""


def places(data: Diabetes) -> tuple[int, ...]:
    """Which rows of the batch are asked alone."""
    return 0, len(data.held_out) // 2, len(data.held_out) - 1


def everything(lab: Lab, data: Diabetes, by: str) -> Asked:
    held_out = data.held_out
    order = [*COLUMNS[5:], *COLUMNS[:5]]
    some = held_out[:5]
    own = own_call(logged(lab, data, "custom_run", by), data)
    answers = asked(
        lab,
        data,
        "custom_run",
        by,
        rows(held_out),
        *(rows([held_out[at]]) for at in places(data)),
        rows(held_out[: len(held_out) // 2]),
        Call(
            ["ward", *order, "weight"],
            [["ward X", *(row[name] for name in order), 70.5 + n] for n, row in enumerate(held_out)],
        ),
        # Not "25.3", which MLflow itself takes for a number where the signature says double.
        Call(COLUMNS, [["high" if at == 2 else value for at, value in enumerate(row)] for row in matrix(some)]),
        Call(COLUMNS, [[value == 2 if at == 1 else value for at, value in enumerate(row)] for row in matrix(some)]),
        Call([name for name in COLUMNS if name != "s5"], [[row[n] for n in COLUMNS if n != "s5"] for row in some]),
        own,
        replace(own, columns=[*own.columns, "ward"], rows=[[*row, 70.5] for row in own.rows]),
    )
    alone = len(places(data))
    return Asked(answers[0], answers[1 : 1 + alone], *answers[1 + alone :])


def own_call(model: Model, data: Diabetes) -> Call:
    """The batch as MLflow hands it on: in the signature's order, with the params that it declares."""
    names = [str(column.name) for column in model.inputs or ()]
    order = names if sorted(names) == sorted(COLUMNS) else COLUMNS
    params = None if model.params is None else {str(param.name): param.default for param in model.params}
    return Call(order, [[row[name] for name in order] for row in data.held_out], params=params, method="own")


def batch_of(found: Asked, data: Diabetes) -> list[float]:
    return numbers_first(found.batch, len(data.held_out), ANSWERS["custom_run"])


@check("pyfunc.custom")
def test_custom(lab: Lab, data: Diabetes) -> None:
    wanted = "a model of your own class: the flavor python_function, and no native one"
    flavors = logged(lab, data, "custom_run", "pyfunc.custom").flavors
    if set(flavors) != {"python_function"}:
        mismatch(wanted, f"its MLmodel names {short(', '.join(flavors) or 'none')}")
    loader = str(flavors["python_function"].get("loader_module"))
    if loader.startswith("mlflow.") and not loader.startswith("mlflow.pyfunc."):
        mismatch(wanted, "it is a native model whose own flavor was taken out of the MLmodel")
    batch_of(everything(lab, data, "pyfunc.custom"), data)


@check("pyfunc.right")
def test_right(lab: Lab, data: Diabetes) -> None:
    wanted = "on rows it never saw the model predicts what a ridge on features standardised as in training predicts"
    answers = everything(lab, data, "pyfunc.right")
    found = numbers(answers.batch, len(data.held_out), wanted)
    many = min(wrong(found, right) for right in data.scaled_predictions)
    # A model that is right for rows alone and wrong for many has one fault, which another check tells.
    if many and not any(right_alone(answers, right, data) for right in data.scaled_predictions):
        mismatch(
            wanted,
            f"{many} of {len(found)} predictions are others: look at the mean and deviation, which come from X_train "
            "alone, and at the ridge",
        )


def right_alone(answers: Asked, right: Sequence[float], data: Diabetes) -> bool:
    """Whether each row that is asked alone gets the right prediction."""
    found = [as_numbers(answer.values or ()) for answer in answers.alone]
    return all(
        one is not None and len(one) == 1 and close(one[0], right[at])
        for one, at in zip(found, places(data), strict=True)
    )


@check("pyfunc.single")
def test_single(lab: Lab, data: Diabetes) -> None:
    wanted = "a row gets the same prediction whether it comes alone, with some or with many"
    answers = everything(lab, data, "pyfunc.single")
    why = (
        "its preprocessing depends on the rows that happen to come along (a single row is its own mean, and has no "
        "deviation), and must depend on the training data alone"
    )
    # What a row gets alone comes first: it tells why, where the batch may only show that something is amiss.
    among = as_numbers(answers.batch.values or ()) or []
    judged = len(among) == len(data.held_out) and any(map(math.isfinite, among))
    single = [alone(answer, wanted, why) for answer in answers.alone] if judged else []
    batch = batch_of(answers, data)
    for at, prediction in zip(places(data), single, strict=True):
        if not close(prediction, batch[at]):
            mismatch(wanted, f"a row alone gets another prediction than among {len(batch)} rows: {why}")
    half = numbers(answers.half, len(batch) // 2, wanted)
    if wrong(half, batch[: len(half)]):
        mismatch(wanted, f"{len(half)} rows get other predictions than among {len(batch)}: {why}")


def alone(answer: Answer, wanted: str, why: str) -> float:
    """The one number that a row gets alone; a mismatch that tells why, if it is anything else."""
    if answer.values is None:
        mismatch(wanted, f"a row alone raises {short(answer.error)}: {why}")
    found = as_numbers(answer.values)
    if found is None or len(found) != 1:
        mismatch(wanted, "for a row alone the model answers with something else than one number")
    if not math.isfinite(found[0]):
        mismatch(wanted, f"a row alone gets NaN: {why}")
    return found[0]


@check("pyfunc.signature")
def test_signature(lab: Lab, data: Diabetes) -> None:
    must_declare(logged(lab, data, "custom_run", "pyfunc.signature"))


@check("pyfunc.columns")
def test_columns(lab: Lab, data: Diabetes) -> None:
    wanted = "columns are taken by their names, in whatever order they come, and unknown ones are left out"
    answers = everything(lab, data, "pyfunc.columns")
    batch = batch_of(answers, data)
    shuffled = numbers(answers.shuffled, len(batch), wanted)
    if wrong(shuffled, batch):
        mismatch(wanted, "with the columns in another order and two more the same rows get other predictions")


@check("pyfunc.refuses")
def test_refuses(lab: Lab, data: Diabetes) -> None:
    wanted = "rows with text, or true and false, in the place of a number or with a column missing are refused"
    answers = everything(lab, data, "pyfunc.refuses")
    batch_of(answers, data)
    for answer, what in (
        (answers.text, "rows whose bmi is text got a prediction"),
        (answers.truth, "a sex of true or false was taken for a number"),
        (answers.missing, "rows without s5 got a prediction"),
    ):
        if answer.error is None:
            mismatch(wanted, f"{what}: a signature, or checks of your own, keep such rows out")


@check("pyfunc.untouched")
def test_untouched(lab: Lab, data: Diabetes) -> None:
    wanted = "predict leaves the caller's rows as they are"
    answers = everything(lab, data, "pyfunc.untouched")
    batch_of(answers, data)
    if any(answer.changed for answer in (answers.batch, *answers.alone, answers.half, answers.shuffled)):
        mismatch(wanted, f"{FRESH}, it altered the DataFrame that it was handed: work on a copy")
    if answers.own.changed or answers.own_wide.changed:
        mismatch(
            wanted,
            "your predict alters the DataFrame that it is handed: work on a copy. A signature hides this, since MLflow "
            "then hands predict a DataFrame made for the call",
        )
