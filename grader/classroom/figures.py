"""What class reports are made from: read in one transaction, added up by the database and not check by check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

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


class TopicPoints(NamedTuple):
    attempt: int
    topic: str
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
    """The state of a class at one moment. ``outcomes`` is empty unless they were asked for."""

    attempts: tuple[Row, ...]
    topics: tuple[TopicPoints, ...]
    checks: tuple[CheckSums, ...]
    failures: tuple[Failure, ...]
    outcomes: tuple[Outcome, ...]


def read(connection: Connection, exercises: Sequence[str] | None, *, outcomes: bool) -> Figures:
    """Read them within the connection's transaction: of these exercises, or of all."""
    grouped = sa.select(sa.func.max(attempts.c.id).label("id"), sa.func.count().label("tries"))
    if exercises is not None:
        grouped = grouped.where(attempts.c.exercise.in_(exercises))
    newest = grouped.group_by(attempts.c.exercise, attempts.c.learner).subquery()
    ids = sa.select(newest.c.id)

    rows = sa.select(*(attempts.c[name] for name in Row._fields[:-1]), newest.c.tries)
    rows = rows.join(newest, newest.c.id == attempts.c.id)

    passed = sa.case((results.c.outcome == "passed", 1), else_=0)
    earned = passed * results.c.points
    topics = sa.select(results.c.attempt, results.c.topic, sa.func.sum(earned), sa.func.sum(results.c.points))
    topics = topics.where(results.c.attempt.in_(ids)).group_by(results.c.attempt, results.c.topic)

    rest = attempts.c.score - earned
    of_graded = results.c.attempt.in_(ids) & (attempts.c.status == "graded")
    checks = sa.select(
        attempts.c.exercise,
        results.c.check_id,
        sa.func.max(results.c.topic),
        sa.func.max(results.c.points),
        sa.func.count(),
        sa.func.sum(passed),
        sa.func.sum(sa.case((results.c.outcome == "not_reached", 1), else_=0)),
        sa.func.sum(rest),
        sa.func.sum(rest * rest),
        sa.func.sum(rest * passed),
    ).select_from(results.join(attempts, attempts.c.id == results.c.attempt))
    checks = checks.where(of_graded).group_by(attempts.c.exercise, results.c.check_id)

    what = (attempts.c.exercise, results.c.check_id, results.c.outcome, results.c.found)
    failures = sa.select(*what, sa.func.count())
    failures = failures.select_from(results.join(attempts, attempts.c.id == results.c.attempt))
    failures = failures.where(of_graded & (results.c.outcome != "passed")).group_by(*what)

    each = sa.select(results.c.attempt, results.c.check_id, results.c.outcome, results.c.points, results.c.found)
    each = each.where(results.c.attempt.in_(ids))
    return Figures(
        attempts=tuple(Row._make(row) for row in connection.execute(rows)),
        topics=tuple(TopicPoints._make(row) for row in connection.execute(topics)),
        checks=tuple(CheckSums(*row[:4], *(int(figure) for figure in row[4:])) for row in connection.execute(checks)),
        failures=tuple(Failure._make(row) for row in connection.execute(failures)),
        outcomes=tuple(Outcome._make(row) for row in connection.execute(each)) if outcomes else (),
    )
