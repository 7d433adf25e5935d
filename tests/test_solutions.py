"""Kept solutions get the verdict they declare. Wrong ones share a lab where their mistakes can't meet.

`grade verify` gives each a lab of its own, and `make verify` does that for all of them with two seeds. Here there is
one seed, and these are left to it: wrong ones that would need a lab for six or fewer, since they would take most of the
time, and partial ones beyond two. Each check is failed by a wrong one that is here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import catalog, verify
from grader.catalog import Exercise
from grader.pipeline import Options, grade

FEWEST = 7
"""So many wrong solutions a lab must prove at once."""
MOST_PARTIAL = 2

Group = tuple[verify.Solution, ...]


def groups(exercise: Exercise) -> list[Group]:
    """Those that are graded here; wrong ones in small company only for a check that no other has failed by then."""
    solutions = verify.discover(exercise, verify.default_folder(exercise))
    beyond = [solution for solution in solutions if solution.kind == "partial"][MOST_PARTIAL:]
    together = verify.together(solution for solution in solutions if solution not in beyond)
    chosen = [group for group in together if group[0].kind != "wrong" or len(group) >= FEWEST]
    failed = {check for group in chosen for check in mistakes(group)}
    for group in together:
        if group not in chosen and mistakes(group) - failed:
            chosen.append(group)
            failed |= mistakes(group)
    return chosen


def mistakes(group: Group) -> frozenset[str]:
    """The checks that wrong solutions of a group must fail."""
    return frozenset(check for solution in group if solution.kind == "wrong" for check in solution.fails)


CASES = [
    pytest.param(exercise, group, id=f"{exercise.id}-{'+'.join(solution.name for solution in group)}")
    for exercise in catalog.all_exercises()
    for group in groups(exercise)
]


@pytest.mark.lab
@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "group"), CASES)
def test_gets_what_it_deserves(exercise: Exercise, group: Group, tmp_path: Path) -> None:
    differs = graded_otherwise(exercise, group, tmp_path)
    if differs and len(group) > 1:
        # Their mistakes may have met after all, in a check that looks at several tasks: each has its say alone.
        differs = {solution.name: graded_otherwise(exercise, (solution,), tmp_path) for solution in group}
        differs = {name: found for name, found in differs.items() if found}
    assert not differs


def graded_otherwise(exercise: Exercise, group: Group, folder: Path) -> dict[str, object]:
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
    failed = {check for group in groups(exercise) for check in mistakes(group)}
    assert failed == {check.id for check in exercise.checks}


@pytest.mark.parametrize("exercise", catalog.all_exercises(), ids=lambda exercise: str(exercise.id))
def test_the_starter_is_among_them_and_declared_worth_nothing(exercise: Exercise) -> None:
    starters = [s for s in verify.discover(exercise, verify.default_folder(exercise)) if s.kind == "starter"]
    assert [s.fails for s in starters] == [{check.id for check in exercise.checks}]
