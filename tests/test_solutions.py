"""Every kept solution gets the verdict it declares. Wrong ones share a lab where their mistakes can't meet.

`grade verify` gives each a lab of its own, and `make verify` does that with two seeds; here there is one seed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import catalog, verify
from grader.catalog import Exercise
from grader.pipeline import Options, grade

CASES = [
    pytest.param(exercise, group, id=f"{exercise.id}-{'+'.join(solution.name for solution in group)}")
    for exercise in catalog.all_exercises()
    for group in verify.together(verify.discover(exercise, verify.default_folder(exercise)))
]


@pytest.mark.lab
@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "group"), CASES)
def test_gets_what_it_deserves(exercise: Exercise, group: tuple[verify.Solution, ...], tmp_path: Path) -> None:
    differs = graded_otherwise(exercise, group, tmp_path)
    if differs and len(group) > 1:
        # Their mistakes may have met after all, in a check that looks at several tasks: each has its say alone.
        differs = {solution.name: graded_otherwise(exercise, (solution,), tmp_path) for solution in group}
        differs = {name: found for name, found in differs.items() if found}
    assert not differs


def graded_otherwise(exercise: Exercise, group: tuple[verify.Solution, ...], folder: Path) -> dict[str, object]:
    """The checks that end otherwise than the solutions declare, with what they expected and found."""
    card = grade(exercise, verify.complete(group[0], folder, *group[1:]), Options(seed=1))
    assert card.status == "graded", card.reason
    declared = {check for solution in group for check in solution.fails}
    return {
        check.id: (check.outcome, check.expected, check.found)
        for check in card.checks
        if (check.outcome != "passed") != (check.id in declared)
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
