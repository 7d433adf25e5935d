"""Scorecards to test with, built the way real ones are: from a manifest, a verdict and the exam outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader import catalog
from grader.catalog import Exercise
from grader.exams import load_exams
from grader.lab.record import CellError, CellRecord
from grader.scoring import Scorecard, SubmissionId, not_graded, score
from grader.suite.verdict import CheckResult, Outcome, Verdict

SUBMISSION = SubmissionId("work/ex1_delta.py", "9f" * 32)


def exercise() -> Exercise:
    return catalog.find("ex1")


def result(
    check_id: str,
    outcome: Outcome = "failed",
    expected: str | None = "tables/rides holds every row of the first batch at version 0.",
    found: str | None = "There is no Delta table at tables/rides.",
    cell: int | None = 2,
) -> CheckResult:
    return CheckResult(check_id, outcome, expected, found, cell)


def cells(*, failing: Mapping[int, CellError] | None = None, count: int = 17) -> tuple[CellRecord, ...]:
    """A notebook's cells, set-up first and then one a task; those in ``failing`` raised."""
    failing = failing or {}
    tasks = exercise().tasks
    return tuple(
        CellRecord(
            index=n,
            title="Set-up: leave this cell as it is" if n == 1 else f"Task {n - 1}: {tasks.get(n - 1, '')}",
            outcome="error" if n in failing else "ok",
            seconds=0.25 * n,
            error=failing.get(n),
        )
        for n in range(1, count + 1)
    )


def graded(
    results: Sequence[CheckResult] = (),
    *,
    otherwise: Outcome = "passed",
    records: tuple[CellRecord, ...] | None = None,
    isolation: str = "sandbox",
    submission: SubmissionId = SUBMISSION,
) -> Scorecard:
    """The scorecard of these results; every other check of exercise 1 ended ``otherwise``."""
    ex = exercise()
    given = {r.id: r for r in results}
    filled = tuple(
        given.get(c.id)
        or (CheckResult(c.id, "passed") if otherwise == "passed" else result(c.id, otherwise, cell=c.task + 1))
        for c in ex.checks
    )
    return score(
        ex,
        Verdict(filled),
        load_exams(),
        submission=submission,
        seed=7,
        isolation="process" if isolation == "process" else "sandbox",
        cells=cells() if records is None else records,
        timings={"lab": 5.25, "cells": 14.5, "judging": 1.125, "total": 21.0},
    )


def all_passed() -> Scorecard:
    return graded()


def starter() -> Scorecard:
    """Nothing but the set-up cell: every check failed, and there is no cell to look at."""
    results = [result(c.id, expected=f"{c.title}.", cell=None) for c in exercise().checks]
    return graded(results, records=cells(count=1))


def mixed() -> Scorecard:
    """One cell raised and took two checks with it, three checks failed, the others passed."""
    error = CellError(
        "AnalysisException",
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column with name `bike` cannot be resolved. "
        "Did you mean one of the following? [`bikes`, `day`, `station`].",
        line=41,
        source='bad_version = history.where("bike < 0").first()[0]',
    )
    reason = "Cell 9 raised AnalysisException."
    return graded(
        [
            result(
                "create.append",
                expected="A later version adds the second batch and keeps the first.",
                found="Version 1 overwrote the table: it holds the second batch alone.",
                cell=3,
            ),
            result(
                "travel.version",
                expected="previous_df holds the rows of version 0.",
                found="previous_df has 120 rows where version 0 has 80.",
                cell=7,
            ),
            result("recover.found", "not_reached", None, reason, 9),
            result("recover.rows", "not_reached", None, reason, 9),
            result(
                "maintain.retention",
                expected="Files that the retention of a week protects are still on disk.",
                found="3 files of version 2 of events are gone.",
                cell=17,
            ),
        ],
        records=cells(failing={9: error}),
    )


def ungraded() -> Scorecard:
    return not_graded(
        exercise(),
        "the lab's Java process could not be started.",
        load_exams(),
        submission=SUBMISSION,
        seed=7,
        isolation="sandbox",
    )


SAMPLES = {
    "all_passed": all_passed,
    "starter": starter,
    "mixed": mixed,
    "ungraded": ungraded,
}
