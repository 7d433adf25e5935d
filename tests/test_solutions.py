"""Every kept solution gets the verdict it declares: one lab each, spread over the workers.

`grade verify` does the same for a person; here each solution is a test of its own, with one seed. `make verify`
runs two.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import catalog, verify
from grader.catalog import Exercise
from grader.pipeline import Options, grade

CASES = [
    pytest.param(exercise, solution, id=f"{exercise.id}-{solution.name}")
    for exercise in catalog.all_exercises()
    for solution in verify.discover(exercise, verify.default_folder(exercise))
]


@pytest.mark.lab
@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "solution"), CASES)
def test_gets_what_it_deserves(exercise: Exercise, solution: verify.Solution, tmp_path: Path) -> None:
    card = grade(exercise, verify.complete(solution, tmp_path), Options(seed=1))
    assert card.status == "graded", card.reason
    not_passed = {check.id for check in card.checks if check.outcome != "passed"}
    assert not_passed == set(solution.fails), {
        check.id: (check.expected, check.found) for check in card.checks if check.id in not_passed ^ solution.fails
    }


@pytest.mark.parametrize("exercise", catalog.all_exercises(), ids=lambda exercise: str(exercise.id))
def test_every_check_is_failed_by_a_wrong_solution(exercise: Exercise) -> None:
    solutions = verify.discover(exercise, verify.default_folder(exercise))
    failed = {check for solution in solutions if solution.kind == "wrong" for check in solution.fails}
    assert failed == {check.id for check in exercise.checks}


@pytest.mark.parametrize("exercise", catalog.all_exercises(), ids=lambda exercise: str(exercise.id))
def test_the_starter_is_among_them_and_declared_worth_nothing(exercise: Exercise) -> None:
    starters = [s for s in verify.discover(exercise, verify.default_folder(exercise)) if s.kind == "starter"]
    assert [s.fails for s in starters] == [{check.id for check in exercise.checks}]
