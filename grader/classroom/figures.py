"""What class reports are made from: read in one transaction, added up by the database and not check by check."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from grader.classroom.schema import attempts, results


class Row(NamedTuple):
    """An attempt that counts: of its learner and exercise the newest. ``tries`` is how many there were."""

    id: int
    learner: str
    exercise: str
    suite_version: str
    grader_version: str
    seed: int
    isolation: str | None
    status: str
    reason: str | None
    score: int | None
    max_score: int
    submitted_at: datetime | None
    deduction: float
    graded_at: datetime
    tries: int


class Points(NamedTuple):
    earned: int
    possible: int


class CheckSums(NamedTuple):
    """A check over all graded attempts. ``rest`` is an attempt's score without this check's points."""

    exercise: str
    check: str
    topic: str
    points: int
    graded: int
    passed: int
    not_reached: int
    rest: int
    rest_squared: int
    rest_of_passed: int


class Failure(NamedTuple):
    """What a check found where it did not pass, and how often it found that."""

    exercise: str
    check: str
    outcome: str
    found: str | None
    times: int


class Outcome(NamedTuple):
    attempt: int
    check: str
    outcome: str
    points: int
    found: str | None


@dataclass(frozen=True)
class Figures:
    """The state of a class at one moment. ``topics``: points by attempt and topic, of those that were graded.
    ``outcomes`` is empty unless they were asked for.
    """

    attempts: tuple[Row, ...]
    topics: Mapping[int, Mapping[str, Points]]
    checks: tuple[CheckSums, ...]
    failures: tuple[Failure, ...]
    outcomes: tuple[Outcome, ...]


_BETWEEN = "\n"


def read(connection: Connection, exercises: Sequence[str] | None, *, outcomes: bool) -> Figures:
    """Read them within the connection's transaction: of these exercises, or of all."""
    grouped = sa.select(sa.func.max(attempts.c.id).label("id"), sa.func.count().label("tries"))
    if exercises is not None:
        grouped = grouped.where(attempts.c.exercise.in_(exercises))
    newest = grouped.group_by(attempts.c.exercise, attempts.c.learner).subquery()
    ids = sa.select(newest.c.id)
    rows = sa.select(*(attempts.c[name] for name in Row._fields[:-1]), newest.c.tries)
    found = tuple(Row._make(row) for row in connection.execute(rows.join(newest, newest.c.id == attempts.c.id)))

    # All attempts that one version of a suite judged have the same checks: one of them tells which.
    shown = sa.select(sa.func.max(attempts.c.id)).where(attempts.c.id.in_(ids) & (attempts.c.status == "graded"))
    shown = shown.group_by(attempts.c.exercise, attempts.c.suite_version)
    shapes = sa.select(
        attempts.c.exercise, attempts.c.suite_version, results.c.check_id, results.c.topic, results.c.points
    ).where(results.c.attempt.in_(shown))
    shapes = shapes.select_from(results.join(attempts, attempts.c.id == results.c.attempt))
    # A row an attempt: half a million rows, one a check, would take longer to fetch than all the rest.
    passed = sa.select(results.c.attempt, sa.func.aggregate_strings(results.c.check_id, _BETWEEN))
    passed = passed.where(results.c.attempt.in_(ids) & (results.c.outcome == "passed")).group_by(results.c.attempt)
    sums = _Sums(tuple(row) for row in connection.execute(shapes))
    passes: dict[int, str] = {row[0]: row[1] for row in connection.execute(passed)}
    topics = {row.id: sums.add(row, passes.get(row.id, "")) for row in found if row.status == "graded"}

    what = (attempts.c.exercise, results.c.check_id, results.c.outcome, results.c.found)
    failures = sa.select(*what, sa.func.count())
    failures = failures.select_from(results.join(attempts, attempts.c.id == results.c.attempt))
    of_graded = results.c.attempt.in_(ids) & (attempts.c.status == "graded")
    failures = failures.where(of_graded & (results.c.outcome != "passed")).group_by(*what)

    failed = tuple(Failure._make(row) for row in connection.execute(failures))

    each = sa.select(results.c.attempt, results.c.check_id, results.c.outcome, results.c.points, results.c.found)
    each = each.where(results.c.attempt.in_(ids))
    return Figures(
        attempts=found,
        topics=topics,
        checks=sums.checks(failed),
        failures=failed,
        outcomes=tuple(Outcome._make(row) for row in connection.execute(each)) if outcomes else (),
    )


@dataclass
class _Check:
    """A check of one version of a suite: how often it was passed, and the sum of the scores with it."""

    topic: str
    points: int
    passed: int = 0
    scores: int = 0


@dataclass
class _Shape:
    """What one version of a suite judges; the number of its attempts, the sums of their scores and of the squares."""

    checks: dict[str, _Check] = field(default_factory=dict)
    possible: dict[str, int] = field(default_factory=dict)
    graded: int = 0
    scores: int = 0
    squares: int = 0


class _Sums:
    """Adds attempts up. All in whole numbers, so that the order they come in makes no difference."""

    def __init__(self, shapes: Iterable[tuple[Any, ...]]) -> None:
        self._shapes: dict[tuple[str, str], _Shape] = defaultdict(_Shape)
        for exercise, suite_version, check, topic, points in shapes:
            shape = self._shapes[exercise, suite_version]
            shape.checks[check] = _Check(topic, points)
            shape.possible[topic] = shape.possible.get(topic, 0) + points

    def add(self, row: Row, passed: str) -> dict[str, Points]:
        """Count a graded attempt; its points by topic."""
        shape, score = self._shapes[row.exercise, row.suite_version], row.score or 0
        shape.graded += 1
        shape.scores += score
        shape.squares += score**2
        earned = dict.fromkeys(shape.possible, 0)
        for name in passed.split(_BETWEEN) if passed else ():
            check = shape.checks[name]
            check.passed += 1
            check.scores += score
            earned[check.topic] += check.points
        return {topic: Points(earned[topic], possible) for topic, possible in shape.possible.items()}

    def checks(self, failures: Iterable[Failure]) -> tuple[CheckSums, ...]:
        """The sums of each check, over all versions of its suite."""
        not_reached: dict[tuple[str, str], int] = defaultdict(int)
        for failure in failures:
            if failure.outcome == "not_reached":
                not_reached[failure.exercise, failure.check] += failure.times
        found: dict[tuple[str, str], CheckSums] = {}
        for (exercise, _), shape in self._shapes.items():
            for name, check in shape.checks.items():
                points, passed = check.points, check.passed
                before = found.get((exercise, name))
                found[exercise, name] = CheckSums(
                    exercise=exercise,
                    check=name,
                    topic=check.topic,
                    points=points,
                    graded=shape.graded + (before.graded if before else 0),
                    passed=passed + (before.passed if before else 0),
                    not_reached=not_reached[exercise, name],
                    rest=shape.scores - points * passed + (before.rest if before else 0),
                    rest_squared=shape.squares
                    - 2 * points * check.scores
                    + points**2 * passed
                    + (before.rest_squared if before else 0),
                    rest_of_passed=check.scores - points * passed + (before.rest_of_passed if before else 0),
                )
        return tuple(found.values())
