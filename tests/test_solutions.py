"""Some kept solutions get the verdict they declare, in labs as learners get them: for each exercise an accepted one,
and the wrong ones that share the fullest lab. `make proof` holds every suite against all of them, with two seeds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import catalog, solutions
from grader.catalog import Exercise
from grader.pipeline import Options, grade
from grader.solutions import Group


def chosen(exercise: Exercise) -> list[Group]:
    """What is graded here."""
    groups = solutions.together(solutions.discover(exercise, solutions.default_folder(exercise)))
    accepted = next(group for group in groups if group[0].kind == "accepted")
    return [accepted, max((group for group in groups if group[0].kind == "wrong"), key=len)]


CASES = [
    pytest.param(exercise, group, id=f"{exercise.id}-{group[0].kind}")
    for exercise in catalog.all_exercises()
    for group in chosen(exercise)
]


@pytest.mark.lab
@pytest.mark.parametrize(("exercise", "group"), CASES)
def test_gets_what_it_deserves(exercise: Exercise, group: Group, tmp_path: Path) -> None:
    card = grade(exercise, solutions.complete(group[0], tmp_path, *group[1:]), Options(seed=1))
    assert card.status == "graded", card.reason
    differs = {
        check.id: (check.outcome, check.expected, check.found)
        for check in card.checks
        if (check.outcome != "passed") != (check.id in solutions.fails(group))
    }
    assert not differs


@pytest.mark.parametrize("exercise", catalog.all_exercises(), ids=lambda exercise: str(exercise.id))
def test_the_starter_is_among_them_and_declared_worth_nothing(exercise: Exercise) -> None:
    found = solutions.discover(exercise, solutions.default_folder(exercise))
    starters = [solution for solution in found if solution.kind == "starter"]
    assert [solution.fails for solution in starters] == [{check.id for check in exercise.checks}]
