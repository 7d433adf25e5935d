"""The scorecard: points per check, topic and exam section. A pure function of verdict and manifest.

Text that comes from a submission is cleaned and cut here, so that the gradebook and every report get it safe and short.

``docs/scorecard.md`` documents the format and ``docs/scorecard.schema.json`` is its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from grader import __version__
from grader.catalog import Exercise
from grader.exams import Exam
from grader.lab.record import CellRecord
from grader.suite.verdict import CheckResult, Outcome, Verdict
from grader.text import clean, identity

FORMAT_VERSION = 2
"""2: the seed is text."""

LONGEST_PATH = 1000
LONGEST_REASON = 10_000
LONGEST_SENTENCE = 2000
"""Characters of what was expected and found, and of an error's message."""
LONGEST_LINE = 500
"""Characters of a title, a warning, an error's name and a line of source."""


@dataclass(frozen=True)
class ScoredCheck:
    id: str
    title: str
    topic: str
    points: int
    outcome: Outcome
    expected: str | None
    found: str | None
    hint: str | None
    cell: int | None


@dataclass(frozen=True)
class ScoredTopic:
    id: str
    title: str
    score: int
    max_score: int


@dataclass(frozen=True)
class ScoredSection:
    """An exam section; ``weight`` in percent of the exam, points only of the topics that serve it."""

    id: str
    title: str
    weight: int
    score: int
    max_score: int


@dataclass(frozen=True)
class ScoredExam:
    exam: str
    sections: tuple[ScoredSection, ...]


@dataclass(frozen=True)
class SubmissionId:
    """Where the submission lay and the SHA-256 of its bytes, in hexadecimal."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Scorecard:
    """All that is known of one grading; what every report is made from."""

    exercise: str
    submission: SubmissionId
    suite_version: str
    seed: int
    isolation: Literal["sandbox", "process"] | None
    status: Literal["graded", "not_graded"]
    reason: str | None
    score: int | None
    max_score: int
    topics: tuple[ScoredTopic, ...]
    exams: tuple[ScoredExam, ...]
    checks: tuple[ScoredCheck, ...]
    cells: tuple[CellRecord, ...]
    timings: Mapping[str, float]
    grader_version: str = __version__
    format_version: int = FORMAT_VERSION
    details: str = field(default="", repr=False)
    """What a log file tells of a submission that was not graded; no part of the JSON."""

    @property
    def passed(self) -> bool:
        """Graded, and every check passed."""
        return self.status == "graded" and self.score == self.max_score

    def as_json(self) -> dict[str, Any]:
        """The scorecard as JSON-ready data, in the documented order of keys."""
        data = {**asdict(self), "seed": str(self.seed)}
        del data["details"]
        order = ["format_version", "exercise", "submission", "grader_version", "suite_version", "seed"]
        return {key: data[key] for key in order} | {k: v for k, v in data.items() if k not in order}


def score(
    exercise: Exercise,
    verdict: Verdict,
    exams: tuple[Exam, ...],
    *,
    submission: SubmissionId,
    seed: int,
    isolation: Literal["sandbox", "process"] | None,
    cells: tuple[CellRecord, ...],
    timings: Mapping[str, float],
) -> Scorecard:
    """Score a verdict. Every check of the manifest appears; the verdict must hold a result for each."""
    results = {result.id: result for result in verdict.results}
    checks = tuple(
        ScoredCheck(
            id=check.id,
            title=check.title,
            topic=check.topic,
            points=check.points,
            outcome=results[check.id].outcome,
            expected=_sentence(results[check.id].expected),
            found=_sentence(results[check.id].found),
            hint=None if results[check.id].outcome == "passed" else check.hints[0],
            cell=results[check.id].cell,
        )
        for check in exercise.checks
    )
    return Scorecard(
        exercise=exercise.id,
        submission=replace(submission, path=identity(submission.path, LONGEST_PATH)),
        suite_version=exercise.suite_version,
        seed=seed,
        isolation=isolation,
        status="graded",
        reason=None,
        score=_earned(checks),
        max_score=exercise.max_score,
        topics=_topics(exercise, checks),
        exams=_exams(exercise, checks, exams),
        checks=checks,
        cells=tuple(map(_shown, cells)),
        timings=dict(timings),
    )


def not_graded(
    exercise: Exercise,
    reason: str,
    exams: tuple[Exam, ...],
    *,
    submission: SubmissionId,
    seed: int,
    isolation: Literal["sandbox", "process"] | None = None,
    cells: tuple[CellRecord, ...] = (),
    timings: Mapping[str, float] | None = None,
    details: str = "",
) -> Scorecard:
    """The scorecard of a submission nobody judged: no score (not zero), every check ``not_reached``."""
    verdict = Verdict(tuple(CheckResult(check.id, "not_reached", found=reason) for check in exercise.checks))
    card = score(
        exercise,
        verdict,
        exams,
        submission=submission,
        seed=seed,
        isolation=isolation,
        cells=cells,
        timings=timings or {},
    )
    checks = tuple(replace(check, hint=None) for check in card.checks)  # No hint mends what is our fault.
    reason = clean(reason, LONGEST_REASON)
    return replace(card, status="not_graded", reason=reason, score=None, checks=checks, details=details)


def _sentence(text: str | None) -> str | None:
    return None if text is None else clean(text, LONGEST_SENTENCE)


def _shown(cell: CellRecord) -> CellRecord:
    """A cell's record with its texts fit to be stored and shown."""
    error = cell.error and replace(
        cell.error,
        name=clean(cell.error.name, LONGEST_LINE),
        message=clean(cell.error.message, LONGEST_SENTENCE),
        source=None if cell.error.source is None else clean(cell.error.source, LONGEST_LINE),
    )
    warnings = tuple(clean(warning, LONGEST_LINE) for warning in cell.warnings)
    return replace(
        cell, title=clean(cell.title, LONGEST_LINE), error=error, warnings=warnings, printed=clean(cell.printed).strip()
    )


def _earned(checks: tuple[ScoredCheck, ...]) -> int:
    return sum(check.points for check in checks if check.outcome == "passed")


def _topics(exercise: Exercise, checks: tuple[ScoredCheck, ...]) -> tuple[ScoredTopic, ...]:
    scored = []
    for topic in exercise.topics:
        own = tuple(check for check in checks if check.topic == topic.id)
        scored.append(ScoredTopic(topic.id, topic.title, _earned(own), sum(c.points for c in own)))
    return tuple(scored)


def _exams(exercise: Exercise, checks: tuple[ScoredCheck, ...], exams: tuple[Exam, ...]) -> tuple[ScoredExam, ...]:
    """Each exam that a topic serves, with all its sections, those without points here included."""
    scored = []
    for exam in exams:
        serves = {t.id: t.sections[exam.id] for t in exercise.topics if exam.id in t.sections}
        if not serves:
            continue
        sections = []
        for section in exam.sections:
            own = tuple(c for c in checks if serves.get(c.topic) == section.id)
            sections.append(
                ScoredSection(section.id, section.title, section.weight, _earned(own), sum(c.points for c in own))
            )
        scored.append(ScoredExam(exam.id, tuple(sections)))
    return tuple(scored)
