"""A class report as one frozen value: who did what, and every figure. All formats are made from it alone.

Statistics are of graded submissions. A submission that could not be graded, and work that was not handed in, have no
mark; they are counted beside the figures and never in them.
"""

from __future__ import annotations

import difflib
import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from grader import __version__, catalog
from grader.catalog import Exercise
from grader.classroom.figures import CheckSums, Failure, Figures, Points, Row
from grader.classroom.gradebook import Override
from grader.classroom.roster import Person, Roster
from grader.exams import Exam
from grader.report.names import page_name, pseudonym
from grader.text import one_line

Status = Literal["graded", "not_graded", "missing"]

FEW = 10
"""With fewer graded submissions a discrimination says little, and reports say so."""
BINS = 10


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    outcome: str
    points: int
    found: str | None


@dataclass(frozen=True)
class Result:
    """One learner's result in one exercise. ``score`` is the machine's, None if there is none.

    ``topics`` are in the order of the exercise's, None where nothing was graded; ``checks`` by id, and empty unless the
    report was built with them.
    """

    exercise: str
    status: Status
    max_score: int
    attempt: int | None = None
    reason: str | None = None
    score: int | None = None
    deduction: float = 0.0
    isolation: str | None = None
    submitted_at: datetime | None = None
    graded_at: datetime | None = None
    tries: int = 0
    override: Override | None = None
    topics: tuple[Points | None, ...] = ()
    checks: Mapping[str, CheckOutcome] | None = None

    @cached_property
    def machine_mark(self) -> float | None:
        """The machine's score less what lateness costs."""
        return None if self.score is None else round(self.score * (1 - self.deduction), 2)

    @cached_property
    def mark(self) -> float | None:
        """What counts: the override if there is one, else the machine's mark; None, never zero, without either."""
        return self.override.score if self.override else self.machine_mark


@dataclass(frozen=True)
class Learner:
    """``id`` and ``page`` (a file name without its ending) are those to show: pseudonyms, if the report has them."""

    id: str
    page: str
    name: str
    email: str
    others: Mapping[str, str]
    known: bool
    results: tuple[Result, ...]

    @cached_property
    def total(self) -> float | None:
        """Points of all exercises that have a mark; None without any."""
        marks = [result.mark for result in self.results if result.mark is not None]
        return round(sum(marks), 2) if marks else None

    @cached_property
    def total_of(self) -> int:
        """What could be had in the exercises that have a mark."""
        return sum(result.max_score for result in self.results if result.mark is not None)

    @cached_property
    def share(self) -> float | None:
        return share(self.total, self.total_of)


@dataclass(frozen=True)
class Spread:
    """How marks spread, as shares of the points. ``bins``: ten, from 0 to 10 % up to 90 to 100 % inclusive."""

    count: int
    bins: tuple[int, ...]
    mean: float | None
    median: float | None
    lowest: float | None
    highest: float | None


@dataclass(frozen=True)
class CheckFigure:
    """``difficulty`` is the share that passed. ``discrimination`` is the correlation between passing this check and the
    points of all other checks (point-biserial, corrected item-rest); None where it is not defined.
    """

    id: str
    title: str
    topic: str
    points: int
    graded: int
    passed: int
    failed: int
    not_reached: int
    difficulty: float | None
    discrimination: float | None
    commonest: str | None
    commonest_times: int


@dataclass(frozen=True)
class TopicFigure:
    """``sections`` maps an exam's id to the section that the topic serves; ``earned`` are all learners' points, of the
    ``possible`` ones of all that were graded.
    """

    id: str
    title: str
    points: int
    sections: Mapping[str, str]
    earned: int
    possible: int

    @property
    def share(self) -> float | None:
        return share(self.earned, self.possible)


@dataclass(frozen=True)
class ExerciseFigure:
    id: str
    title: str
    max_score: int
    topics: tuple[TopicFigure, ...]
    checks: tuple[CheckFigure, ...]
    graded: int
    not_graded: int
    missing: int
    late: int
    overridden: int
    spread: Spread
    suite_versions: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class SectionFigure:
    """``points`` are to be had in this report's exercises; ``share`` is what the class earned of them."""

    id: str
    title: str
    weight: int
    points: int
    share: float | None


@dataclass(frozen=True)
class ExamFigure:
    id: str
    title: str
    sections: tuple[SectionFigure, ...]


@dataclass(frozen=True)
class ClassReport:
    """``unsandboxed`` counts the results of labs that ran without a sandbox, ``graders`` are the grader's versions."""

    made_at: datetime
    grader_version: str
    pseudonymous: bool
    learners: tuple[Learner, ...]
    exercises: tuple[ExerciseFigure, ...]
    exams: tuple[ExamFigure, ...]
    spread: Spread
    unsandboxed: int
    graders: tuple[str, ...]

    @cached_property
    def has_roster(self) -> bool:
        return any(learner.known for learner in self.learners)

    @property
    def isolation(self) -> str:
        """``process`` if any lab ran without a sandbox."""
        return "process" if self.unsandboxed else "sandbox"

    @property
    def caution(self) -> str | None:
        """What has to stand on every report whose labs did not all run in a sandbox."""
        if not self.unsandboxed:
            return None
        count = sum(result.attempt is not None for learner in self.learners for result in learner.results)
        return (
            f"{self.unsandboxed} of {count} results come from labs that ran without a sandbox (isolation: process): "
            "what those submissions did to the machine, and to each other, was not prevented."
        )


def build(
    figures: Figures,
    overrides: Mapping[tuple[str, str], Override],
    roster: Roster,
    exercises: Sequence[str],
    exams: Sequence[Exam],
    *,
    secret: str | None = None,
    made_at: datetime,
) -> ClassReport:
    """The report of these exercises (by id, in this order). With a ``secret`` it is pseudonymous."""
    manifests = {exercise.id: exercise for exercise in catalog.all_exercises()}
    shapes = [_shape(name, manifests.get(name), figures) for name in exercises]
    people = {person.learner: person for person in roster.people}
    named = {row.learner for row in figures.attempts} | {learner for learner, name in overrides if name in exercises}
    ids = [*people, *sorted(named - people.keys())]
    redact = Redaction(roster, ids, secret) if secret else None
    checks: dict[int, dict[str, CheckOutcome]] = defaultdict(dict)
    whose = {row.id: row.learner for row in figures.attempts}
    for one in figures.outcomes:
        found = redact.one(whose[one.attempt], one.found) if redact and one.found else one.found
        checks[one.attempt][one.check] = CheckOutcome(one.outcome, one.points, found)
    rows = {(row.learner, row.exercise): row for row in figures.attempts}
    learners = []
    for learner in ids:
        person = people.get(learner)
        results = tuple(
            _result(
                rows.get((learner, shape.id)), shape, overrides.get((learner, shape.id)), figures.topics, checks, redact
            )
            for shape in shapes
        )
        learners.append(_learner(learner, person, results, secret))
    if secret:
        learners.sort(key=lambda learner: learner.id)  # The roster's order would tell who is who.
    figured = tuple(_exercise(shape, learners, at, figures, redact) for at, shape in enumerate(shapes))
    counted = [row for row in figures.attempts if row.exercise in exercises]
    return ClassReport(
        made_at=made_at,
        grader_version=__version__,
        pseudonymous=secret is not None,
        learners=tuple(learners),
        exercises=figured,
        exams=tuple(_exams(figured, exams)),
        spread=_spread(learner.share for learner in learners),
        unsandboxed=sum(row.isolation == "process" for row in counted),
        graders=tuple(sorted({row.grader_version for row in counted})),
    )


def share(points: float | None, of: float) -> float | None:
    """Points as a share; None without points, or where none were to be had."""
    return None if points is None or not of else points / of


def only(report: ClassReport, learners: frozenset[str]) -> ClassReport:
    """The same report with the rows of these learners alone; its figures stay those of the class."""
    return replace(report, learners=tuple(one for one in report.learners if one.id in learners))


def nobody(name: str, known: Iterable[str]) -> str:
    """What to say of a learner whom nobody knows."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    meant = f"Did you mean {' or '.join(map(one_line, near))}?" if near else "grade gradebook list names them all."
    return f"There is no learner {one_line(name)!r} in the gradebook or the roster. {meant}"


@dataclass(frozen=True)
class _Shape:
    """An exercise as the manifest has it, and as older versions of it did that are still in the gradebook."""

    id: str
    title: str
    max_score: int
    topics: dict[str, tuple[str, Mapping[str, str]]]
    checks: dict[str, tuple[str, str, int]]


def _shape(name: str, manifest: Exercise | None, figures: Figures) -> _Shape:
    topics: dict[str, tuple[str, Mapping[str, str]]] = {}
    checks: dict[str, tuple[str, str, int]] = {}
    if manifest:
        topics = {t.id: (t.title, t.sections) for t in manifest.topics}
        checks = {c.id: (c.title, c.topic, c.points) for c in manifest.checks}
    for one in figures.checks:
        if one.exercise == name and one.check not in checks:
            checks[one.check] = (one.check, one.topic, one.points)
            topics.setdefault(one.topic, (one.topic, {}))
    known = [row.max_score for row in figures.attempts if row.exercise == name]
    return _Shape(
        id=name,
        title=manifest.title if manifest else name,
        max_score=manifest.max_score if manifest else max(known, default=0),
        topics=topics,
        checks=checks,
    )


def _result(
    row: Row | None,
    shape: _Shape,
    override: Override | None,
    topics: Mapping[int, Mapping[str, Points]],
    checks: Mapping[int, Mapping[str, CheckOutcome]],
    redact: Redaction | None,
) -> Result:
    if override and redact:
        override = redact.override(override)
    if row is None:
        return Result(shape.id, "missing", shape.max_score, override=override, topics=(None,) * len(shape.topics))
    graded = row.status == "graded"
    own = topics.get(row.id, {}) if graded else {}
    reason = row.reason if redact is None or row.reason is None else redact.one(row.learner, row.reason)
    return Result(
        exercise=shape.id,
        status="graded" if graded else "not_graded",
        max_score=row.max_score,
        attempt=row.id,
        reason=reason,
        score=row.score,
        deduction=row.deduction,
        isolation=row.isolation,
        submitted_at=_utc(row.submitted_at),
        graded_at=_utc(row.graded_at),
        tries=row.tries,
        override=override,
        topics=tuple(own.get(topic) for topic in shape.topics),
        checks=checks.get(row.id),
    )


def _learner(learner: str, person: Person | None, results: tuple[Result, ...], secret: str | None) -> Learner:
    if secret:
        shown = pseudonym(secret, learner)
        return Learner(shown, page_name(shown), "", "", {}, person is not None, results)
    if person is None:
        return Learner(learner, page_name(learner), "", "", {}, False, results)
    return Learner(learner, page_name(learner), person.name, person.email, person.others, True, results)


def _exercise(
    shape: _Shape, learners: Sequence[Learner], at: int, figures: Figures, redact: Redaction | None
) -> ExerciseFigure:
    results = [learner.results[at] for learner in learners]
    graded = [result for result in results if result.status == "graded"]
    sums = {one.check: one for one in figures.checks if one.exercise == shape.id}
    failures: dict[str, list[Failure]] = defaultdict(list)
    for failure in figures.failures:
        if failure.exercise == shape.id:
            failures[failure.check].append(failure)
    rows = [row for row in figures.attempts if row.exercise == shape.id]
    return ExerciseFigure(
        id=shape.id,
        title=shape.title,
        max_score=shape.max_score,
        topics=tuple(
            TopicFigure(
                topic,
                title,
                sum(points for _, of, points in shape.checks.values() if of == topic),
                sections,
                *_sum(result.topics[number] for result in graded),
            )
            for number, (topic, (title, sections)) in enumerate(shape.topics.items())
        ),
        checks=tuple(_check(check, shape, sums.get(check), failures.get(check, []), redact) for check in shape.checks),
        graded=len(graded),
        not_graded=sum(result.status == "not_graded" for result in results),
        missing=sum(result.status == "missing" for result in results),
        late=sum(result.deduction > 0 for result in results),
        overridden=sum(result.override is not None for result in results),
        spread=_spread(share(result.mark, result.max_score) for result in results),
        suite_versions=tuple(sorted({row.suite_version for row in rows})),
        seeds=tuple(sorted({row.seed for row in rows})),
    )


def _check(
    check: str, shape: _Shape, sums: CheckSums | None, failures: Sequence[Failure], redact: Redaction | None
) -> CheckFigure:
    title, topic, points = shape.checks[check]
    commonest, times = commonest_failure(failures)
    if redact and commonest:
        commonest = redact.everyone(commonest)
    count, passed, not_reached = (sums.graded, sums.passed, sums.not_reached) if sums else (0, 0, 0)
    return CheckFigure(
        id=check,
        title=title,
        topic=topic,
        points=points,
        graded=count,
        passed=passed,
        failed=count - passed - not_reached,
        not_reached=not_reached,
        difficulty=share(passed, count),
        discrimination=discrimination(sums) if sums else None,
        commonest=commonest,
        commonest_times=times,
    )


def discrimination(sums: CheckSums) -> float | None:
    """Pearson's correlation of passing (0 or 1) with the rest of the score; None where either does not vary."""
    # In whole numbers, so that no rounding makes something of nothing.
    within = sums.graded * sums.rest_of_passed - sums.passed * sums.rest
    of_passing = sums.graded * sums.passed - sums.passed**2
    of_rest = sums.graded * sums.rest_squared - sums.rest**2
    if of_passing <= 0 or of_rest <= 0:
        return None
    return within / math.sqrt(of_passing * of_rest)


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def commonest_failure(failures: Iterable[Failure]) -> tuple[str | None, int]:
    """The message met most often, and how often: messages that differ in their numbers alone count as one."""
    alike: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for failure in failures:
        if failure.found:
            alike[_NUMBER.sub("#", failure.found)][failure.found] += failure.times
    if not alike:
        return None, 0
    messages = max(alike.values(), key=lambda each: sum(each.values()))
    return max(messages, key=lambda message: messages[message]), sum(messages.values())


def _sum(points: Iterable[Points | None]) -> tuple[int, int]:
    earned = possible = 0
    for one in points:
        if one is not None:
            earned += one.earned
            possible += one.possible
    return earned, possible


def _spread(shares: Iterable[float | None]) -> Spread:
    known = [one for one in shares if one is not None]
    bins = [0] * BINS
    for one in known:
        bins[max(0, min(BINS - 1, int(one * BINS + 1e-9)))] += 1
    if not known:
        return Spread(0, tuple(bins), None, None, None, None)
    return Spread(len(known), tuple(bins), statistics.fmean(known), statistics.median(known), min(known), max(known))


def _exams(exercises: Sequence[ExerciseFigure], exams: Sequence[Exam]) -> Iterable[ExamFigure]:
    """Each exam that the exercises serve, with all its sections, those included that nothing here practises."""
    topics = [topic for exercise in exercises for topic in exercise.topics]
    for exam in exams:
        if not any(exam.id in topic.sections for topic in topics):
            continue
        sections = []
        for section in exam.sections:
            own = [topic for topic in topics if topic.sections.get(exam.id) == section.id]
            earned = share(sum(topic.earned for topic in own), sum(topic.possible for topic in own))
            points = sum(topic.points for topic in own)
            sections.append(SectionFigure(section.id, section.title, section.weight, points, earned))
        yield ExamFigure(exam.id, exam.title, tuple(sections))


class Redaction:
    """Takes out of free text what tells who a learner is: ids, full names, e-mails and what else only they have."""

    SHORTEST = 3
    MOST_KNOWN = 50_000

    def __init__(self, roster: Roster, ids: Iterable[str], secret: str) -> None:
        self._secret = secret
        people = {person.learner: person for person in roster.people}
        shared = Counter(value.lower() for person in roster.people for value in person.others.values())
        self._parts: dict[str, tuple[str, ...]] = {}
        self._index: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for learner in {*ids, *people}:
            words = {learner}
            if person := people.get(learner):
                words |= {person.name, person.email, " ".join(reversed(person.name.split()))}
                words |= {value for value in person.others.values() if shared[value.lower()] == 1}
                self._parts[learner] = tuple(p for p in re.findall(r"\w+", person.name) if len(p) >= self.SHORTEST)
            for word in words:
                if len(word) >= self.SHORTEST:
                    first = re.search(r"\w+", word.lower())
                    self._index[first[0] if first else ""].append((word.lower(), learner))
        self._known: dict[str, str] = {}

    def shown(self, learner: str) -> str:
        return pseudonym(self._secret, learner)

    def everyone(self, text: str) -> str:
        """``text`` without what tells of anybody."""
        if (known := self._known.get(text)) is None:
            low = text.lower()
            near = [one for token in {"", *re.findall(r"\w+", low)} for one in self._index.get(token, ())]
            known = text
            for word, learner in sorted((one for one in near if one[0] in low), key=lambda one: -len(one[0])):
                known = _replaced(known, word, self.shown(learner))
            if len(self._known) >= self.MOST_KNOWN:
                self._known.clear()
            self._known[text] = known
        return known

    def one(self, learner: str, text: str) -> str:
        """Text of this learner's own, in which the parts of their name stand for them, too."""
        text = self.everyone(text)
        for part in self._parts.get(learner, ()):
            text = _replaced(text, part, self.shown(learner))
        return text

    def override(self, override: Override) -> Override:
        reason = self.one(override.learner, override.reason)
        return replace(override, learner=self.shown(override.learner), reason=reason)


def _replaced(text: str, word: str, by: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", by, text, flags=re.IGNORECASE)


def _utc(moment: datetime | None) -> datetime | None:
    """SQLite forgets the time zone, which is always this one."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
