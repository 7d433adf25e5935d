"""The table that ``nbgrader export`` writes (nbgrader documentation, "Exporting grades": CsvExportPlugin).

Where nbgrader itself writes 0 for work that is missing, these fields are empty here.
"""

from __future__ import annotations

from grader.report.classdata import ClassReport, Learner
from grader.report.csvfile import Cell, table

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


def text(report: ClassReport) -> str:
    """nbgrader's columns and, last, one of ours: ``isolation``. When work was due the gradebook does not keep."""
    rows: list[list[Cell]] = [[*COLUMNS, "isolation"]]
    for at, exercise in enumerate(report.exercises):
        for learner in report.learners:
            result = learner.results[at]
            first, last = names(learner)
            penalty = None if result.score is None else round(result.score * result.deduction, 2)
            time = result.submitted_at.strftime("%Y-%m-%d %H:%M:%S") if result.submitted_at else None
            row: list[Cell] = [exercise.id, None, time, learner.id, last, first, learner.email]
            row += [result.score, penalty, result.mark, result.max_score, result.isolation]
            rows.append(row)
    return table(rows)


def names(learner: Learner) -> tuple[str, str]:
    """First and last name, as well as they can be told: "Last, First", or the last word is the last name."""
    if "," in learner.name:
        last, _, first = learner.name.partition(",")
        return first.strip(), last.strip()
    first, _, last = learner.name.strip().rpartition(" ")
    return first.strip(), last
