"""One learner's page as a frozen value: scorecards, attempts, and what to study next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grader.classroom.figures import Points
from grader.classroom.gradebook import Attempt
from grader.exams import Exam
from grader.report.classdata import (
    ClassReport,
    ExamFigure,
    ExerciseFigure,
    Learner,
    Result,
    SectionFigure,
    share,
)

MOST_STUDY = 5


@dataclass(frozen=True)
class Try:
    """An attempt, as the page tells of it."""

    at: datetime
    status: str
    score: int | None
    max_score: int
    deduction: float

    @property
    def share(self) -> float | None:
        return share(self.score, self.max_score)


@dataclass(frozen=True)
class Work:
    """The learner's work on one exercise. ``card`` is the scorecard that counts, None without one."""

    exercise: ExerciseFigure
    result: Result
    card: Mapping[str, Any] | None
    tries: tuple[Try, ...]

    def checks(self, topic: str, *, passed: bool) -> list[Mapping[str, Any]]:
        """The topic's checks that passed, or those that did not."""
        found = (self.card or {}).get("checks", ())
        return [c for c in found if c["topic"] == topic and (c["outcome"] == "passed") is passed]


@dataclass(frozen=True)
class Study:
    """A topic to study. ``gain`` is how many per cent of the exams, on average, the missing points stand for."""

    exercise: str
    topic: str
    points: Points
    gain: float
    hint: str | None


@dataclass(frozen=True)
class LearnerPage:
    made_at: datetime
    grader_version: str
    pseudonymous: bool
    learner: Learner
    works: tuple[Work, ...]
    exams: tuple[ExamFigure, ...]
    study: tuple[Study, ...]

    @property
    def caution(self) -> str | None:
        """What has to stand on the page of somebody whose labs did not all run in a sandbox."""
        unsandboxed = [work.exercise.id for work in self.works if work.result.isolation == "process"]
        if not unsandboxed:
            return None
        return f"{', '.join(unsandboxed)}: the lab ran without a sandbox (isolation: process)."

    @property
    def isolation(self) -> str:
        return "process" if self.caution else "sandbox"


def build(
    report: ClassReport,
    learner: Learner,
    cards: Mapping[int, Mapping[str, Any]],
    history: Sequence[Attempt],
    exams: Sequence[Exam],
    redact: Callable[[str], str] | None = None,
) -> LearnerPage:
    """The page of a learner of the report. ``cards``: scorecards by attempt; ``history``: their attempts, oldest first;
    ``redact`` takes out of the learner's own text who they are.
    """
    works = []
    for exercise, result in zip(report.exercises, learner.results, strict=True):
        card = cards.get(result.attempt) if result.attempt is not None else None
        if card is not None and redact is not None:
            card = redacted({**card, "submission": None}, redact)
        tries = tuple(
            Try(a.submitted_at or a.graded_at, a.status, a.score, a.max_score, a.deduction)
            for a in history
            if a.key.exercise == exercise.id
        )
        works.append(Work(exercise, result, card, tries))
    sections = _sections(works)
    return LearnerPage(
        made_at=report.made_at,
        grader_version=report.grader_version,
        pseudonymous=report.pseudonymous,
        learner=learner,
        works=tuple(works),
        exams=tuple(_exams(sections, exams)),
        study=tuple(_study(works, sections, exams)),
    )


def redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """JSON-ready data with each text in it redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redacted(each, redact) for key, each in value.items()}
    return [redacted(each, redact) for each in value] if isinstance(value, list | tuple) else value


def _sections(works: Iterable[Work]) -> dict[tuple[str, str], tuple[int, int]]:
    """Points earned and to be had, by exam and section, of all that was graded."""
    found: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for work in works:
        if work.result.status == "graded":
            for topic, points in zip(work.exercise.topics, work.result.topics, strict=True):
                for exam, section in topic.sections.items() if points else ():
                    earned, possible = found[exam, section]
                    assert points is not None
                    found[exam, section] = (earned + points.earned, possible + points.possible)
    return dict(found)


def _exams(sections: Mapping[tuple[str, str], tuple[int, int]], exams: Sequence[Exam]) -> Iterable[ExamFigure]:
    for exam in exams:
        if any(of == exam.id for of, _ in sections):
            own = ((section, sections.get((exam.id, section.id), (0, 0))) for section in exam.sections)
            yield ExamFigure(
                exam.id,
                exam.title,
                tuple(SectionFigure(s.id, s.title, s.weight, points[1], share(*points)) for s, points in own),
            )


def _study(
    works: Iterable[Work], sections: Mapping[tuple[str, str], tuple[int, int]], exams: Sequence[Exam]
) -> list[Study]:
    """The topics that most of the exams hangs on. A section's weight is shared out over the points that practise it."""
    weights = {(exam.id, section.id): section.weight for exam in exams for section in exam.sections}
    found = []
    for work in works:
        if work.result.status != "graded":
            continue
        for topic, points in zip(work.exercise.topics, work.result.topics, strict=True):
            if points is None or points.earned >= points.possible:
                continue
            missing = points.possible - points.earned
            served = [place for place in topic.sections.items() if place in weights]
            gains = [weights[place] * missing / sections[place][1] for place in served]
            hint = next((c["hint"] for c in work.checks(topic.id, passed=False) if c.get("hint")), None)
            found.append(Study(work.exercise.id, topic.title, points, sum(gains) / len(gains) if gains else 0.0, hint))
    found.sort(key=lambda one: (-one.gain, one.points.earned - one.points.possible))
    return found[:MOST_STUDY]
