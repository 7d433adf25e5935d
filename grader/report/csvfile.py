"""CSV that spreadsheets and statistics programs read: RFC 4180, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from grader.report.classdata import ClassReport, Learner
from grader.text import clean


class Raw(str):
    """Text that is written as it is: our own, never a learner's."""


Cell = str | int | float | datetime | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How text begins that spreadsheets take for a formula (OWASP, "CSV Injection")."""


def text(report: ClassReport) -> str:
    """A row a learner: marks, then points of each topic and check (1 passed, 0 not). What is missing is empty."""
    head: list[Cell] = ["learner", "name", "email", "total", "total_of"]
    for exercise in report.exercises:
        head += [f"{exercise.id} {name}" for name in ("status", "mark", "of", "machine_score", "deduction", "by_hand")]
        head += [f"{exercise.id} {name}" for name in ("attempts", "submitted_at", "isolation")]
        head += [f"{exercise.id} topic {topic.id}" for topic in exercise.topics]
        head += [f"{exercise.id} check {check.id}" for check in exercise.checks]
    return table([head, *(_row(report, learner) for learner in report.learners)])


def _row(report: ClassReport, learner: Learner) -> list[Cell]:
    row: list[Cell] = [learner.id, learner.name, learner.email, learner.total]
    row.append(learner.total_of if learner.total is not None else None)
    for exercise, result in zip(report.exercises, learner.results, strict=True):
        graded = result.status == "graded"
        row += [result.status, result.mark, result.max_score, result.score, result.deduction if graded else None]
        row += [result.override.author if result.override else None]
        row += [result.tries or None, result.submitted_at, result.isolation]
        row += [None if points is None else points.earned for points in result.topics]
        checks = result.checks or {}
        for check in exercise.checks:
            one = checks.get(check.id) if graded else None
            row.append(None if one is None else int(one.outcome == "passed"))
    return row


def table(rows: Iterable[Sequence[Cell]]) -> str:
    """The rows as CSV. Text is made safe, numbers are written with no more decimals than they have."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return stream.getvalue()


def _cell(value: Cell) -> str | int:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return safe(value) if isinstance(value, str) and not isinstance(value, Raw) else value


def safe(text: str) -> str:
    """Text with an apostrophe before it, if a spreadsheet would compute it; without what obeys a terminal."""
    shown = clean(text)
    return f"'{shown}" if shown.lstrip(" \u00a0").startswith(_FORMULA) else shown
