"""Gradebooks to test with: cards made as real ones are, from manifests and verdicts, and no lab raised for them."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from grader import __version__, catalog, scoring
from grader.catalog import Check, Exercise
from grader.classroom.gradebook import Gradebook, Key
from grader.exams import load_exams
from grader.lab.record import CellError, CellRecord
from grader.scoring import Scorecard, SubmissionId
from grader.suite.verdict import CheckResult, Outcome, Verdict

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

HOSTILE = (
    "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>\n=HYPERLINK(\"http://evil\")\u202e|`*[a](javascript:1)"
)
"""What a learner might write who hopes that a report takes it for more than text."""

Judge = Callable[[Check], Outcome]

_NUMBERS = itertools.count()
"""Tell the submissions apart that are kept without a digest."""


def card(
    exercise: Exercise,
    judge: Judge,
    *,
    path: str = "ex.py",
    found: str = "There is no such table.",
    isolation: str | None = "sandbox",
    cells: tuple[CellRecord, ...] | None = None,
    seed: int = 7,
) -> Scorecard:
    """The scorecard of somebody whose checks ended as ``judge`` says."""
    results = []
    for check in exercise.checks:
        outcome = judge(check)
        told = None if outcome == "passed" else found
        expected = None if outcome == "passed" else f"{check.title}."
        results.append(CheckResult(check.id, outcome, expected, told, None if outcome == "passed" else 2))
    return scoring.score(
        exercise,
        Verdict(tuple(results)),
        load_exams(),
        submission=SubmissionId(path, "ab" * 32),
        seed=seed,
        isolation=isolation,  # type: ignore[arg-type]
        cells=cells if cells is not None else plain_cells(),
        timings={"total": 9.5},
    )


def plain_cells(*errors: CellError) -> tuple[CellRecord, ...]:
    """A set-up cell, and one for each error that the notebook raised; then one that went well."""
    records = [CellRecord(1, "Set-up", "ok", 0.5)]
    records += [
        CellRecord(2 + n, f"Task {n + 1}", "error", 1.0, error, printed=error.message) for n, error in enumerate(errors)
    ]
    return (*records, CellRecord(len(records) + 1, "Last", "ok", 0.2, warnings=("DeprecationWarning: old",)))


def add(
    book: Gradebook,
    learner: str,
    scorecard: Scorecard,
    *,
    sha256: str = "",
    deduction: float = 0.0,
    submitted_at: datetime | None = START,
) -> None:
    """Keep it as ``learner``'s newest attempt."""
    sha = sha256 or hashlib.sha256(f"submission {next(_NUMBERS)}".encode()).hexdigest()
    key = Key(learner, scorecard.exercise, sha, scorecard.suite_version, __version__, scorecard.seed)
    assert book.add(key, scorecard.as_json(), submitted_at=submitted_at, deduction=deduction, seconds=20.0)


def passing(*ids: str) -> Judge:
    """Those pass, all others fail."""
    return lambda check: "passed" if check.id in ids else "failed"


def all_but(*ids: str) -> Judge:
    return lambda check: "failed" if check.id in ids else "passed"


def chance(rng: random.Random, skill: float, hard: Mapping[str, float]) -> Judge:
    """Checks pass by chance: the likelier, the more skill and the less hard."""

    def judge(check: Check) -> Outcome:
        if rng.random() < skill - hard.get(check.id, 0.0):
            return "passed"
        return "not_reached" if rng.random() < 0.15 else "failed"

    return judge


def fill(book: Gradebook, learners: Sequence[str], exercises: Sequence[str], *, seed: int = 1) -> None:
    """A class as classes are: skill differs, checks differ, some try twice, a few are late."""
    rng = random.Random(seed)
    made = [catalog.find(name) for name in exercises]
    hard = {check.id: rng.random() * 0.5 for exercise in made for check in exercise.checks}
    for learner in learners:
        skill = min(1.0, max(0.15, rng.gauss(0.85, 0.2)))
        for exercise in made:
            for attempt in range(rng.choice((1, 1, 1, 2, 3))):
                scorecard = card(
                    exercise,
                    chance(rng, skill + 0.1 * attempt, hard),
                    path=f"{learner}/{exercise.name}.py",
                    found=f"The table has {rng.randrange(40, 44)} rows where the first batch has 40.",
                    cells=plain_cells(CellError("AnalysisException", "Column `bike` can't be resolved.", 41, "x = 1")),
                )
                late = 0.1 if rng.random() < 0.06 else 0.0
                moment = START + timedelta(hours=rng.randrange(96) + attempt * 100)
                add(
                    book, learner, scorecard, sha256=f"{rng.getrandbits(256):064x}", deduction=late, submitted_at=moment
                )


def not_graded(exercise: str, reason: str) -> Scorecard:
    return scoring.not_graded(
        catalog.find(exercise),
        reason,
        load_exams(),
        submission=SubmissionId("ex.py", "cd" * 32),
        seed=7,
        isolation="sandbox",
    )
