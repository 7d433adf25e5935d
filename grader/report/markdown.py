"""The class report as Markdown, for wikis, issues and chats: marks and checks, without pictures."""

from __future__ import annotations

import re

from grader.report.classdata import ClassReport, ExerciseFigure, Result
from grader.report.pages import day, moment, number, percent, signed
from grader.text import one_line

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_LEFT_ALONE = frozenset(" .,;%'")


def text(report: ClassReport) -> str:
    """A document in GitHub's dialect (its tables). Text of learners can make no markup, no link and no mention."""
    titles = ", ".join(f"{exercise.id} {plain(exercise.title)}" for exercise in report.exercises)
    parts = [f"# Class report: {titles}", "", f"Made on {moment(report.made_at)}. Isolation: {report.isolation}."]
    if report.caution:
        parts += ["", f"> **No sandbox.** {report.caution}"]
    parts += ["", *_overview(report)]
    lost = [(one, result) for one in report.learners for result in one.results if result.status == "not_graded"]
    if lost:
        rows = [[plain(one.name or one.id), result.exercise, plain(result.reason or "")] for one, result in lost]
        parts += ["", "## Not graded", "", *_table(["Learner", "Exercise", "Why"], rows)]
    handed = [(one, result) for one in report.learners for result in one.results if result.override]
    if handed:
        head = ["Learner", "Exercise", "Mark", "The machine's", "By", "Reason"]
        rows = [[plain(one.name or one.id), result.exercise, *_by_hand(result)] for one, result in handed]
        parts += ["", "## Marks given by hand", "", *_table(head, rows)]
    parts += ["", "## Learners", "", *_learners(report)]
    for exercise in report.exercises:
        parts += ["", f"## Checks of {exercise.id}", "", *_checks(exercise)]
    for exam in report.exams:
        rows = [[plain(s.title), f"{s.weight} %", str(s.points), percent(s.share)] for s in exam.sections]
        head = ["Section", "Weight", "Points here", "Earned by the class"]
        parts += ["", f"## {plain(exam.title)}", "", *_table(head, rows)]
    return "\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Text that Markdown shows as it is: each sign that could mean something is written as its number."""
    shown = _PUNCTUATION.sub(lambda m: m[0] if m[0] in _LEFT_ALONE else f"&#{ord(m[0])};", one_line(text))
    # What follows it must not become the mention of somebody: a word joiner between shows nothing.
    return shown.replace("&#64;", "&#64;&#8288;")


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _overview(report: ClassReport) -> list[str]:
    rows = [
        [
            f"{e.id} {plain(e.title)}",
            str(e.graded),
            str(e.not_graded),
            str(e.missing),
            str(e.late),
            percent(e.spread.mean),
            percent(e.spread.median),
            f"{percent(e.spread.lowest)} to {percent(e.spread.highest)}" if e.spread.count else "–",
        ]
        for e in report.exercises
    ]
    return _table(["Exercise", "Graded", "Not graded", "No work", "Late", "Mean", "Median", "Range"], rows)


def _by_hand(result: Result) -> list[str]:
    given = result.override
    assert given is not None
    machine = "none" if result.machine_mark is None else number(result.machine_mark)
    by = f"{plain(given.author)}, {day(given.made_at)}"
    return [f"{number(given.score or 0)} of {result.max_score}", machine, by, plain(given.reason)]


def _learners(report: ClassReport) -> list[str]:
    head = ["Learner", "Id", *(f"{e.id} of {e.max_score}" for e in report.exercises), "All"]
    rows = [
        [plain(one.name), plain(one.id), *(_mark(result) for result in one.results), percent(one.share)]
        for one in report.learners
    ]
    return _table(head, rows)


def _mark(result: Result) -> str:
    if result.mark is None:
        return "not graded" if result.status == "not_graded" else "no work"
    notes = ["by hand"] if result.override else []
    notes += ["late"] if result.deduction else []
    return f"{number(result.mark)} ({', '.join(notes)})" if notes else number(result.mark)


def _checks(exercise: ExerciseFigure) -> list[str]:
    rows = [
        [
            plain(check.title),
            str(check.points),
            percent(check.difficulty),
            "not defined" if check.discrimination is None else signed(check.discrimination),
            f"{plain(check.commonest)} ({check.commonest_times} times)" if check.commonest else "",
        ]
        for check in exercise.checks
    ]
    return _table(["Check", "Points", "Passed by", "Discrimination", "The commonest failure"], rows)
