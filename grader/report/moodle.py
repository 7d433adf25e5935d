"""A file for Moodle's grade import (MoodleDocs, "Grade import": map from one of the first columns).

Where there is no mark a dash stands, as in Moodle's own export: its import would read nothing at all as a grade.
"""

from __future__ import annotations

from grader.report.classdata import ClassReport, Learner
from grader.report.csvfile import Cell, Raw, table
from grader.report.nbgradercsv import names

PERSON = ("First name", "Last name", "ID number", "Username", "Email address")
NO_GRADE = Raw("-")


def text(report: ClassReport) -> str:
    """A row a learner, a column of marks for each exercise, and last how their labs ran, to be left unmapped."""
    titles = [f"{exercise.id} {exercise.title}" for exercise in report.exercises]
    rows: list[list[Cell]] = [[*PERSON, *titles, "Isolation"]]
    for learner in report.learners:
        marks: list[Cell] = [NO_GRADE if result.mark is None else result.mark for result in learner.results]
        isolation = {result.isolation for result in learner.results if result.isolation}
        rows.append([*_person(learner), *marks, "process" if "process" in isolation else "".join(isolation)])
    return table(rows)


def _person(learner: Learner) -> list[Cell]:
    told = {name.strip().lower(): value for name, value in learner.others.items()}
    first, last = names(learner)
    number = told.get("id number") or told.get("idnumber") or learner.id
    return [first, last, number, told.get("username") or learner.id, learner.email]
