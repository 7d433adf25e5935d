"""A file for Canvas' gradebook to import (Canvas Community, "How do I import grades in the Gradebook?").

Canvas takes a number in brackets at a title's end for an assignment's id, so points stand in its row "Points Possible".
Every further column would become an assignment of its own: isolation is told where the file is written.
"""

from __future__ import annotations

from grader.report.classdata import ClassReport, Learner
from grader.report.csvfile import Cell, table

STUDENT = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def text(report: ClassReport) -> str:
    """A row a learner; a result that is missing is left empty, which changes nothing in Canvas."""
    titles = [title(exercise.id, exercise.title) for exercise in report.exercises]
    possible: list[Cell] = ["    Points Possible", None, None, None, None, *(e.max_score for e in report.exercises)]
    rows: list[list[Cell]] = [[*STUDENT, *titles], possible]
    for learner in report.learners:
        rows.append([*_student(learner), *(result.mark for result in learner.results)])
    return table(rows)


def title(exercise: str, words: str) -> str:
    """An assignment's title, which must not end in brackets."""
    return f"{exercise} {words}".replace("(", "[").replace(")", "]")


def _student(learner: Learner) -> list[Cell]:
    """Whom Canvas knows: by what its own export told the roster, else the learner's id is what they log in with."""
    told = {name.strip().lower(): value for name, value in learner.others.items()}
    number = told.get("id") or (learner.id if learner.id.isdecimal() else "")
    login = told.get("sis login id") or ("" if number else learner.id)
    return [learner.name or learner.id, number, told.get("sis user id"), login, told.get("section")]
