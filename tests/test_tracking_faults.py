"""Whatever a submission does to the tracking store, and whatever its models do: what was earned counts, no more."""

from __future__ import annotations

import pytest

from tests.conftest import Grade, Graded, Way

pytestmark = [pytest.mark.lab, pytest.mark.proof]

EX3 = Way(exercise="ex3", spark=None)
BY_HAND = {"log.experiment", "log.params", "log.metrics", "log.tags"}


def graded(fault: Grade, name: str) -> Graded:
    found = fault(f"tracking/{name}", EX3)
    assert found.card.status == "graded", found.card.reason
    return found


def found_in(graded: Graded, check_id: str) -> str:
    (check,) = (check for check in graded.card.checks if check.id == check_id)
    return check.found or ""


def test_hostile_models_cost_their_own_checks(fault: Grade) -> None:
    told = graded(fault, "hostile_models.py")
    assert told.passed == BY_HAND | {"log.ended"}
    assert "did not answer in time" in found_in(told, "model.logged")
    assert "ended without an answer" in found_in(told, "compare.automodel")


@pytest.mark.parametrize(
    ("name", "passed", "found"),
    [("store_deleted.py", {"read.candidates"}, "is gone"), ("store_spoiled.py", set(), "damaged")],
)
def test_without_a_store_only_results_count(fault: Grade, name: str, passed: set[str], found: str) -> None:
    told = graded(fault, name)
    assert told.passed == passed
    assert found in found_in(told, "log.metrics")


def test_a_run_left_open_is_told_and_what_it_holds_counts(fault: Grade) -> None:
    told = graded(fault, "left_open.py")
    assert told.passed == BY_HAND
    assert told.cell("Task 2: log_loss with the number of trees as step").outcome == "error"
    assert "open" in found_in(told, "log.ended")


def test_a_store_elsewhere_is_not_the_labs(fault: Grade) -> None:
    told = graded(fault, "elsewhere.py")
    assert told.passed == set()
    assert "another tracking URI" in found_in(told, "log.params")


def test_a_thousand_runs_hide_nothing(fault: Grade) -> None:
    assert graded(fault, "thousand_runs.py").passed == BY_HAND | {"log.ended"}
