"""What exercise 4's suite says of the custom model, by what the model answers: why it is wrong, whatever its shape."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from fixtures import diabetes
from grader import catalog
from grader.evidence.behaviour import Answer, Call
from grader.suite.api import Mismatch

DATA = diabetes.plan(1)
CHECKS = ("test_right", "test_single", "test_custom", "test_columns", "test_refuses", "test_untouched")
Values = Callable[[Call], Any]


@pytest.fixture(scope="module")
def suite(pytestconfig: pytest.Config) -> Iterator[ModuleType]:
    pytestconfig.addinivalue_line("markers", "check(id): judges the declared check of this id")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(catalog.find("ex4").suite))
        yield importlib.import_module("test_custom")


def found(suite: ModuleType, check: str, values: Values) -> str | None:
    """What the check has against a model that answers so; None if it is content."""

    def answer(call: Call) -> Answer:
        try:
            told = values(call)
        except ValueError as error:
            return Answer(None, f"ValueError: {error}")
        return Answer(tuple(told) if isinstance(told, list) else (told,), None)

    model = SimpleNamespace(flavors={"python_function": {"loader_module": "mlflow.pyfunc.model"}})
    lab = SimpleNamespace(
        tracking=SimpleNamespace(named=lambda name: [SimpleNamespace(models=[model])]),
        predict=lambda model, *calls, flavor: tuple(map(answer, calls)),
    )
    try:
        getattr(suite, check)(lab, DATA)
    except Mismatch as mismatch:
        return mismatch.found
    return None


def bmi(call: Call) -> list[float]:
    """The column of rows that are as they should be; a refusal of any others."""
    at = list(call.columns).index("bmi")
    if "s5" not in call.columns or not all(isinstance(row[at], float) for row in call.rows):
        raise ValueError("refused")
    return [row[at] for row in call.rows]


def of_the_batch(call: Call) -> list[float]:
    """Each batch standardised by itself, as the guide does: a row alone has no deviation."""
    values = bmi(call)
    mean = sum(values) / len(values)
    return [value - mean if len(values) > 1 else float("nan") for value in values]


def raises_alone(call: Call) -> list[float]:
    if len(call.rows) == 1:
        raise ValueError("Input X contains NaN.")
    return bmi(call)


def all_the_same(call: Call) -> list[float]:
    return [1.0 if len(call.rows) > 1 else float("nan")] * len(bmi(call))


def by_the_company(call: Call) -> list[float]:
    return [value + len(call.rows) for value in bmi(call)]


@pytest.mark.parametrize("values", [of_the_batch, raises_alone, all_the_same, by_the_company])
def test_why_a_row_alone_is_told_something_else_is_taught(suite: ModuleType, values: Values) -> None:
    told = found(suite, "test_single", values)
    assert told is not None and "depends on the rows that happen to come along" in told and "training data" in told


@pytest.mark.parametrize("check", ["test_single", "test_custom", "test_columns"])
def test_who_answers_row_by_row_has_nothing_to_be_told(suite: ModuleType, check: str) -> None:
    assert found(suite, check, bmi) is None


@pytest.mark.parametrize(
    "wrong",
    [None, 1.0, [], [1.0], [[1.0, 2.0]], [{"a": 1}], ["x"], [True], [10**400], [float("inf")]],
    ids=lambda wrong: str(wrong)[:12],
)
@pytest.mark.parametrize("repeated", [False, True])
def test_a_wrong_shape_earns_nothing(suite: ModuleType, wrong: Any, repeated: bool) -> None:
    def values(call: Call) -> Any:
        return wrong * len(bmi(call)) if repeated and isinstance(wrong, list) else wrong

    assert all(found(suite, check, values) for check in CHECKS)
