"""A model with its native flavor, loaded through both, and one of somebody else's that has only the general one."""

from __future__ import annotations

from asking import answers_first, bound, logged, must_be, must_declare, numbers, own_answers, short, wrong

from fixtures.diabetes import Diabetes
from grader.suite.api import Lab, check, mismatch


@check("flavors.logged")
def test_logged(lab: Lab, data: Diabetes) -> None:
    flavors = logged(lab, data, "native_run", "flavors.logged").flavors
    wanted = "the model has the flavors sklearn and python_function"
    if not {"sklearn", "python_function"} <= flavors.keys():
        mismatch(wanted, f"its MLmodel names {short(', '.join(flavors) or 'none')}")
    for flavor in ("sklearn", "pyfunc"):
        answer = own_answers(lab, data, flavor, "flavors.logged")[0]
        numbers(answer, len(data.test), "the model loads and predicts with both flavors")


@check("flavors.signature")
def test_signature(lab: Lab, data: Diabetes) -> None:
    must_declare(logged(lab, data, "native_run", "flavors.signature"))


@check("flavors.model")
def test_model(lab: Lab, data: Diabetes) -> None:
    wanted = "on rows it never saw the model predicts what the forest asked for predicts"
    answers_first(lab, data, "flavors.model")
    found = numbers(own_answers(lab, data, "pyfunc", "flavors.model")[1], len(data.held_out), wanted)
    right = data.forest_predictions(data.held_out)
    must_be(found, right, wanted, "the forest was trained on other rows or with other parameters")


@check("flavors.native")
def test_native(lab: Lab, data: Diabetes) -> None:
    must_be_its_own(lab, data, "native_predictions", "sklearn", "flavors.native")


@check("flavors.pyfunc")
def test_pyfunc(lab: Lab, data: Diabetes) -> None:
    must_be_its_own(lab, data, "pyfunc_predictions", "pyfunc", "flavors.pyfunc")


def must_be_its_own(lab: Lab, data: Diabetes, name: str, flavor: str, by: str) -> None:
    wanted = f"{name} are what the model of task 1 predicts for X_test"
    own = answers_first(lab, data, by, flavor)
    found = bound(lab, name, len(data.test))
    must_be(found, own, wanted, "load the logged model and ask it")


@check("flavors.colleague")
def test_colleague(lab: Lab, data: Diabetes) -> None:
    found = bound(lab, "colleague_predictions", len(data.test))
    right = [float(data.colleague.answer(row)) for row in data.test]
    many = wrong(found, right)
    if many:
        wanted = "colleague_predictions are what the model in colleague_model answers for X_test"
        mismatch(wanted, f"{many} of {len(right)} are others")
