"""The class as one HTML page: no server, no outside resource; readable on a phone, in print and by a screen reader."""

from __future__ import annotations

from grader.report import classdata, pages
from grader.report.classdata import ClassReport, Learner

AT_ONCE = 50
"""So many rows of the learners' table are laid out before the page is first drawn, more than its height shows. A script
shows the others when the browser has time; without scripts, and in print, they are there from the beginning.
"""


def text(report: ClassReport, *, links: bool = False) -> str:
    """The page. With ``links`` each learner's name leads to ``learners/<page>.html`` beside it."""
    single = report.exercises[0] if len(report.exercises) == 1 else None
    pairs = [(learner, result) for learner in report.learners for result in learner.results]
    return pages.render(
        "class.html",
        styles=("base.css", "class.css"),
        scripts=("class.js",),
        report=report,
        links=links,
        single=single,
        few=classdata.FEW,
        at_once=AT_ONCE,
        lost=[pair for pair in pairs if pair[1].status == "not_graded"],
        handed=[pair for pair in pairs if pair[1].override],
        absent=_absent(report),
        spreads=([("All exercises", report.spread)] if single is None else [])
        + [(f"{exercise.id} {exercise.title}", exercise.spread) for exercise in report.exercises],
        ordered=sorted(report.learners, key=lambda learner: "not_graded" not in _states(learner)),
        states=lambda learner: " ".join(_states(learner)),
        topics=_topics,
        views=[]
        if single
        else [{"id": each.id, "topics": [topic.title for topic in each.topics]} for each in report.exercises],
    )


def _absent(report: ClassReport) -> list[tuple[classdata.ExerciseFigure, list[Learner]]]:
    found = []
    for at, exercise in enumerate(report.exercises):
        missing = [learner for learner in report.learners if learner.results[at].status == "missing"]
        if missing:
            found.append((exercise, missing))
    return found


def _states(learner: Learner) -> list[str]:
    """What the table can be filtered by."""
    states = {result.status for result in learner.results} - {"graded"}
    late = ["late"] if any(result.deduction for result in learner.results) else []
    by_hand = ["by_hand"] if any(result.override for result in learner.results) else []
    return [*sorted(states), *late, *by_hand, *([] if learner.known else ["stranger"])]


def _topics(learner: Learner) -> str:
    """Per cent by topic, exercise by exercise: for the script, numbers only."""
    return ";".join(
        " ".join("-" if p is None or not p.possible else str(round(100 * p.earned / p.possible)) for p in result.topics)
        if result.status == "graded"
        else ""
        for result in learner.results
    )
