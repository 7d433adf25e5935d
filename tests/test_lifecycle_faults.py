"""Whatever a submission does to the workspace, and whatever its jobs do: it is graded, and within its time."""

from __future__ import annotations

import pytest

from tests.conftest import Grade, Graded, Way

pytestmark = [pytest.mark.lab, pytest.mark.proof]

EX6 = Way(exercise="ex6", spark=None, limits=(("settle_seconds", 2),))


def graded(fault: Grade, name: str) -> Graded:
    found = fault(f"lifecycle/{name}", EX6)
    assert found.card.status == "graded", found.card.reason
    return found


def found_in(graded: Graded, check_id: str) -> str:
    (check,) = (check for check in graded.card.checks if check.id == check_id)
    return check.found or ""


def test_jobs_without_end_end_with_the_lab(fault: Grade) -> None:
    told = graded(fault, "hangs.py")
    assert told.passed == {"triggers.start"}
    assert "no such tag" in found_in(told, "chain.measured")
    assert "no version went to Staging" in found_in(told, "triggers.only")


def test_rows_of_its_own_making_earn_nothing(fault: Grade) -> None:
    told = graded(fault, "rows.py")
    assert told.passed == set()
    assert not [check for check in told.card.checks if "never writes" in (check.found or "")]
    assert "something that is no webhook's id" in found_in(told, "webhooks.listed")


def test_a_spoiled_database_is_told(fault: Grade) -> None:
    told = graded(fault, "spoiled.py")
    assert told.passed == set()
    assert "workspace.db, what the lab's workspace keeps, is damaged" in found_in(told, "jobs.test")
