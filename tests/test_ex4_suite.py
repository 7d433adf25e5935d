"""What exercise 4's suite says of the custom model, by what the model answers, and of the code that a model brings."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from fixtures import diabetes
from grader import catalog
from grader.evidence import Mismatch
from grader.evidence.behaviour import Answer, Call
from grader.suite.api import Unmet

DATA = diabetes.plan(1)
CHECKS = ("test_right", "test_single", "test_custom", "test_columns", "test_refuses", "test_untouched")
Values = Callable[[Call], Any]


@pytest.fixture(scope="module")
def modules(pytestconfig: pytest.Config) -> Iterator[Callable[[str], ModuleType]]:
    pytestconfig.addinivalue_line("markers", "check(id): judges the declared check of this id")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(catalog.find("ex4").suite))
        yield importlib.import_module


@pytest.fixture(scope="module")
def suite(modules: Callable[[str], ModuleType]) -> ModuleType:
    return modules("test_custom")


@pytest.fixture(scope="module")
def belongings(modules: Callable[[str], ModuleType]) -> ModuleType:
    return modules("test_belongings")


def found(suite: ModuleType, check: str, values: Values) -> str | None:
    """What the check has against a model that answers so, or which check it hangs on; None if it is content."""

    def answer(call: Call) -> Answer:
        try:
            told = values(call)
        except ValueError as error:
            return Answer(None, f"ValueError: {error}")
        return Answer(tuple(told) if isinstance(told, list) else (told,), None)

    card = {"python_function": {"loader_module": "mlflow.pyfunc.model"}}
    model = SimpleNamespace(flavors=card, inputs=None, params=None)
    lab = SimpleNamespace(
        tracking=SimpleNamespace(named=lambda name: [SimpleNamespace(models=[model])]),
        predict=lambda model, *calls, flavor: tuple(map(answer, calls)),
    )
    try:
        getattr(suite, check)(lab, DATA)
    except Mismatch as mismatch:
        return mismatch.found
    except Unmet as unmet:
        return f"hangs on {unmet.check_id}: {unmet.why}"
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

    told_once(suite, values)


def told_once(suite: ModuleType, values: Values) -> None:
    """One check says that the model gives no numbers, and all others hang on it."""
    told = {check: found(suite, check, values) or "" for check in CHECKS}
    right = told.pop("test_right")
    assert right and not right.startswith("hangs on")
    assert all(one.startswith("hangs on pyfunc.right") for one in told.values()), told


def test_a_model_that_does_not_load_is_told_once(suite: ModuleType) -> None:
    def values(call: Call) -> Any:
        raise Mismatch("the model loads", "loading it raised ImportError: no")

    told_once(suite, values)


@pytest.mark.parametrize(
    "text",
    [
        '"""\ndef surcharge(frame):\n    return 1.0\n"""',
        "# def surcharge(frame): return 1.0",
        "surcharge = 1.0",
        "def surcharge(frame):\n",
        "def surcharge(frame): return " + "(" * 5000,
        "surcharge = 0\0",
        "def surcharged(frame): return 1.0",
    ],
)
def test_a_file_that_only_names_the_function_does_not_define_it(belongings: ModuleType, text: str) -> None:
    assert belongings.source(text.encode()) is None


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("def surcharge(frame):\n    return 2.0 * frame", 1003.0),
        (
            "import math\ndef surcharge(frame):\n    if frame > 1: return [frame, math.pi]\n    return 0",
            [1001.5, 1003.14],
        ),
        (
            "class Rules:\n    @staticmethod\n    def surcharge(x):\n        return x\nsurcharge = Rules.surcharge",
            1001.5,
        ),
        ("def other(x):\n    return x\ndef surcharge(x):\n    def within(): return x\n    return within()", 1001.5),
    ],
)
def test_the_altered_function_gives_something_else(belongings: ModuleType, text: str, given: Any) -> None:
    names: dict[str, Any] = {}
    exec(belongings.source(text.encode()).altered, names)
    assert names["surcharge"](1.5) == pytest.approx(given, abs=0.01)
    assert "other" not in names or names["other"](1.5) == 1.5
