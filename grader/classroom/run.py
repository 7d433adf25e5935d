"""A class run: what a folder holds, less what the gradebook has, graded; each result kept as it is made."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import OperationalError

from grader import __version__, scoring
from grader import seed as seeds
from grader.catalog import Exercise
from grader.classroom import queue
from grader.classroom.gradebook import Gradebook, Kept, Key
from grader.classroom.late import Policy
from grader.classroom.layouts import NOTHING, Class, Found
from grader.classroom.queue import Workers
from grader.classroom.worker import Done, Work
from grader.exams import load_exams
from grader.submission import MAX_BYTES
from grader.text import one_line


@dataclass(frozen=True)
class Again:
    """What is graded though the gradebook has it: everything, or what could not be graded."""

    force: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``last`` is what came last, in a few words; ``left_seconds`` None until it can be told."""

    done: int
    total: int
    not_graded: int
    last: str
    left_seconds: float | None


@dataclass
class Tally:
    """What a run came to. ``kept`` had results already, ``missing`` handed nothing in."""

    kept: int = 0
    graded: int = 0
    missing: int = 0
    not_graded: list[tuple[Found, str]] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    """What a log file tells of those that were not graded."""
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Item:
    found: Found
    key: Key
    turn: int


def grade_class(
    folder: Path,
    read: Class,
    exercises: Sequence[Exercise],
    book: Gradebook,
    workers: Workers,
    *,
    seed: int | None,
    isolation: Literal["sandbox", "process"],
    late: Policy,
    again: Again = Again(),
    only: Collection[str] = (),
    notify: Callable[[Progress], None] = lambda progress: None,
) -> Tally:
    """Grade what the gradebook does not have yet. Interrupted, it has lost what was under way and nothing else.

    What goes wrong with one submission costs that submission its result; it is not graded, and the run goes on.
    Raises OperationalError when the gradebook itself is out of reach.

    ``seed``: of all labs; None for the one that this gradebook drew for each exercise by lot. ``only``: these learners.
    """
    by_id = {exercise.id: exercise for exercise in exercises}
    seeds = {e.id: seed if seed is not None else _seed(book, e.id) for e in exercises}
    tally = Tally()
    wanted = [found for found in read.found if not only or found.learner in only]
    keys: dict[Key, Found] = {}
    for found in wanted:
        digest = _digest(found.path) if found.path else ""
        if found.path is None and found.problem == NOTHING:
            tally.missing += 1
            continue
        exercise = by_id[found.exercise]
        key = Key(found.learner, exercise.id, digest, exercise.suite_version, __version__, seeds[exercise.id])
        keys[key] = found
    have = book.graded(keys)
    items = []
    for key, found in keys.items():
        kept = have.get(key)
        if kept is None:
            items.append(_Item(found, key, 0))
        elif again.force or (again.failed and kept.status == "not_graded"):
            items.append(_Item(found, key, kept.turn + 1))
        else:
            tally.kept += 1
            _count(book, key, kept, found.submitted_at, late)
    started = time.monotonic()
    pieces: list[tuple[_Item, Callable[[], Work]]] = []

    def add(item: _Item, card: dict[str, object], seconds: float) -> None:
        moment = item.found.submitted_at
        deduction = late.deduction(moment)
        book.add(item.key, card, turn=item.turn, submitted_at=moment, deduction=deduction, seconds=seconds)

    def keep(item: _Item, card: dict[str, object], seconds: float) -> None:
        try:
            add(item, card, seconds)
        except OperationalError:  # the gradebook itself is out of reach
            raise
        except Exception as error:
            reason = f"its result can't be kept: {type(error).__name__}: {one_line(str(error), 1000)}"
            card = _refused(folder, item, by_id, reason)
            add(item, card, seconds)
        if card["status"] == "graded":
            tally.graded += 1
        else:
            tally.not_graded.append((item.found, str(card["reason"])))
        tally.seconds.append(seconds)
        done = tally.graded + len(tally.not_graded)
        score = f"{card['score']} of {card['max_score']}" if card["status"] == "graded" else "not graded"
        last = f"{item.key.learner}, {item.key.exercise}: {score}"
        notify(Progress(done, len(items), len(tally.not_graded), last, _left(tally, started, len(items))))

    for item in items:
        if item.found.path is None:
            keep(item, _refused(folder, item, by_id, str(item.found.problem)), 0.0)
        else:
            pieces.append((item, _loader(folder, item, isolation)))
    for item, outcome in queue.run(pieces, workers):
        if isinstance(outcome, Done):
            if outcome.details:
                tally.details.append(f"{item.key.learner}, {item.key.exercise}\n{outcome.details}")
            keep(item, outcome.card, outcome.seconds)
        else:
            keep(item, _refused(folder, item, by_id, outcome.reason), 0.0)
    return tally


def _count(book: Gradebook, key: Key, kept: Kept, moment: datetime | None, late: Policy) -> None:
    """Let a result from before be the one that counts, for what lateness costs now: other work may have been handed in
    in between, and withdrawn. A file's time may be that of its copying: it was there when it was first graded.
    """
    moment = min(filter(None, (kept.submitted_at, moment)), default=None)
    deduction = late.deduction(moment) if late.due else kept.deduction
    if not kept.counts:
        book.add(key, book.card(kept.id), turn=kept.turn + 1, submitted_at=moment, deduction=deduction)
    elif deduction != kept.deduction:
        book.relate(kept.id, submitted_at=moment, deduction=deduction)


def _seed(book: Gradebook, exercise: str) -> int:
    """Everyone gets the same lab, and gets it again when the run goes on."""
    return int(book.setting(f"seed of {exercise}", str(seeds.draw())))


def _digest(path: Path) -> str:
    """SHA-256 of a file, of its beginning if it is too large to be read at all; empty if it can't be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.sha256(stream.read(MAX_BYTES + 1)).hexdigest()
    except OSError:
        return ""


def _loader(folder: Path, item: _Item, isolation: Literal["sandbox", "process"]) -> Callable[[], Work]:
    path = item.found.path
    assert path is not None

    def load() -> Work:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        return Work(item.key.exercise, _name(folder, path), content, item.key.seed, isolation)

    return load


def _name(folder: Path, path: Path) -> str:
    """A submission's path as reports show it."""
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name


def _refused(folder: Path, item: _Item, by_id: dict[str, Exercise], reason: str) -> dict[str, object]:
    name = _name(folder, item.found.path) if item.found.path else ""
    identity = scoring.SubmissionId(name, item.key.sha256)
    exercise = by_id[item.key.exercise]
    card = scoring.not_graded(exercise, reason, load_exams(), submission=identity, seed=item.key.seed)
    return card.as_json()


def _left(tally: Tally, started: float, total: int) -> float | None:
    """Seconds to the end, by the pace so far: from the third result on, since the first ones start everything up."""
    done = tally.graded + len(tally.not_graded)
    if done < 3:
        return None
    return (time.monotonic() - started) / done * (total - done)
