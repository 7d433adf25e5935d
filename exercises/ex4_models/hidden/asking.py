"""What the tests of this suite share: finding a task's model, asking it, and comparing numbers."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures.diabetes import COLUMNS, Diabetes, Row, matrix
from grader.evidence import Mismatch, Unreadable, files
from grader.evidence.behaviour import Answer, Call
from grader.evidence.models import Model
from grader.evidence.results import Frame
from grader.lab.probe import MOST_MODEL_BYTES
from grader.suite.api import Lab, hangs_on, mismatch
from grader.suite.runs import TOLERANCE

FRESH = "asked in a fresh process that has the model's folder and nothing else of the lab"
LOGGED = {
    "native_run": "flavors.logged",
    "custom_run": "pyfunc.custom",
    "artifact_run": "artifacts.file",
    "params_run": "params.declared",
    "code_run": "packaging.code",
    "packed_run": "packaging.pinned",
}
"""The check that fails if no model was logged, by the widget that names the run. The others hang on it."""
ANSWERS = {
    "native_run": "flavors.logged",
    "custom_run": "pyfunc.right",
    "artifact_run": "artifacts.right",
    "params_run": "params.default",
    "code_run": "packaging.alone",
    "packed_run": "packaging.pinned",
}
"""The check that fails if the model does not load, or does not give a number for each row."""


def logged(lab: Lab, data: Diabetes, widget: str, by: str) -> Model:
    """The model of the newest run that has the name in this widget and a model; of several the last.

    ``by``: the check that asks for it.
    """
    runs = lab.tracking.named(data.runs[widget])
    models = [run.models[-1] for run in runs if run.models]
    if not models:
        found = "no model was logged in it" if runs else "there is no run of that name"
        if by != LOGGED[widget]:
            hangs_on(LOGGED[widget], f"no model in a run named as the widget {widget} says: {found}")
        mismatch(f"a model logged in a run named as the widget {widget} says", found)
    return models[-1]


def rows(some: Sequence[Row], **more: Any) -> Call:
    """A call with these rows' features, as the training data has them."""
    return Call(COLUMNS, matrix(some), **more)


def asked(lab: Lab, data: Diabetes, widget: str, by: str, *calls: Call, flavor: str = "pyfunc") -> tuple[Answer, ...]:
    """What the model in this widget's run answers to the check ``by``.

    All checks about a model ask it the same: then they agree on whether it answers.
    """
    model = logged(lab, data, widget, by)
    try:
        return lab.predict(model, *calls, flavor=flavor)
    except Mismatch as error:
        if by == ANSWERS[widget]:
            raise
        hangs_on(ANSWERS[widget], f"the model does not answer yet: {error.found}")


def numbers(answer: Answer, count: int, wanted: str) -> list[float]:
    """The answer as one finite number a row, not all the same; a mismatch with ``wanted`` if it is anything else."""
    found = plain(answer, count)
    if isinstance(found, str):
        mismatch(wanted, found)
    return found


def numbers_first(answer: Answer, count: int, check_id: str) -> list[float]:
    """The same for a check that has nothing to judge without such numbers: it hangs on ``check_id``, which tells."""
    found = plain(answer, count)
    if isinstance(found, str):
        hangs_on(check_id, f"there are no predictions to judge yet: {found}")
    return found


def own_answers(lab: Lab, data: Diabetes, flavor: str, by: str) -> tuple[Answer, Answer]:
    """What the model of task 1 itself answers to the check ``by``, for X_test and for the held-out rows."""
    if flavor == "sklearn" and "sklearn" not in logged(lab, data, "native_run", by).flavors:
        flavor = "pyfunc"
    first, second = asked(lab, data, "native_run", by, rows(data.test), rows(data.held_out), flavor=flavor)
    return first, second


def answers_first(lab: Lab, data: Diabetes, by: str, flavor: str = "pyfunc") -> list[float]:
    """What the model of task 1 predicts for X_test. Without it the check ``by`` hangs on the one that tells."""
    return numbers_first(own_answers(lab, data, flavor, by)[0], len(data.test), ANSWERS["native_run"])


def own_forest(lab: Lab, data: Diabetes) -> list[float] | None:
    """What the model of task 1 itself predicts for the held-out rows, None if that can't be told."""
    try:
        found = plain(own_answers(lab, data, "pyfunc", ANSWERS["native_run"])[1], len(data.held_out))
    except (Mismatch, Unreadable):
        return None
    return None if isinstance(found, str) else found


def plain(answer: Answer, count: int) -> list[float] | str:
    """The answer as one finite number a row, not all the same, or what it is instead."""
    if answer.values is None:
        return f"{FRESH}, predict raised {short(answer.error)}"
    found = as_numbers(answer.values)
    if found is None or len(found) != count:
        return f"for {count} rows the model answers with something else than one number each"
    lacking = sum(not math.isfinite(number) for number in found)
    if lacking:
        return f"{lacking} of {count} answers are NaN or infinite"
    if count > 1 and len(set(found)) == 1:
        return "the model gives every row the same number"
    return found


def must_declare(model: Model) -> None:
    """A mismatch unless the model's signature names the ten features, as doubles, and what comes out."""
    wanted = "a signature with the ten features by name, all double, and with an output"
    if model.inputs is None:
        mismatch(wanted, "the model has no signature")
    names = [column.name for column in model.inputs]
    if sorted(map(str, names)) != sorted(COLUMNS):
        found = "its inputs have no names: they were taken from an array" if not any(names) else "it names others"
        mismatch(wanted, found)
    strange = sorted({column.type for column in model.inputs} - {"double"})
    if strange:
        mismatch(wanted, f"some of its inputs are of type {short(', '.join(strange))}")
    if not model.outputs:
        mismatch(wanted, "it tells nothing of the output")


def as_numbers(values: Sequence[Any]) -> list[float] | None:
    """Values as floats, or None when one of them is no number."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return None
    try:
        return [float(value) for value in values]
    except OverflowError:
        return None


def wrong(found: Sequence[float], wanted: Sequence[float]) -> int:
    """How many numbers are not what they should be."""
    return sum(not close(a, b) for a, b in zip(found, wanted, strict=True))


def close(found: float, wanted: float) -> bool:
    return math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def must_be(found: Sequence[float], right: Sequence[float], wanted: str, because: str) -> None:
    """A mismatch with ``because`` unless these numbers are right."""
    many = wrong(found, right)
    if many:
        mismatch(wanted, f"{many} of {len(right)} predictions are others: {because}")


def bound(lab: Lab, name: str, count: int) -> list[float]:
    """The predictions that are bound to this name: a list, an array, a Series, or a DataFrame with one column."""
    wanted = f"{name} is one number for each of the {count} rows of X_test"
    found = lab.results.get(name)
    if isinstance(found, Frame) and len(found.columns) == 1:
        values = [row[0] for row in found.data]
    else:
        values = lab.value(name, "list", "tuple")
    values = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in values]
    plain = as_numbers(values)
    if plain is None:
        mismatch(wanted, "not all of its values are numbers")
    if len(plain) != count:
        mismatch(wanted, f"it has {len(plain)} values")
    return plain


def files_of(model: Model) -> dict[str, Path]:
    """All files in the model's folder, by their path in it. Raises Unreadable when there is anything strange."""
    files.refuse_strange(model.path)
    found: list[Path] = []
    waiting = [model.path]
    while waiting:  # not recursive: folders may lie deep
        for entry in os.scandir(waiting.pop()):
            (waiting if entry.is_dir(follow_symlinks=False) else found).append(Path(entry.path))
    return {path.relative_to(model.path).as_posix(): path for path in sorted(found)}


@contextmanager
def copied(model: Model) -> Iterator[Model]:
    """The same model in a folder that may be changed. Raises Unreadable when there can't be one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model"
        files.copy_folder(model.path, copy, MOST_MODEL_BYTES)
        yield replace(model, path=copy)


def short(error: str | None) -> str:
    """An error's first line, cut: a model's own words may be long."""
    lines = (error or "an error").strip().splitlines()
    first = lines[0] if lines else "an error"
    return first if len(first) <= 160 else f"{first[:157]}..."
