"""What a learner's folder remembers: the best score, how each check ended last, and the hints given.

It lies in ``work/.grade.json`` below the current directory and is a convenience only: a file that can't be
read is taken for an empty one, and one that can't be written is not written. No mark depends on it.
What is no ordinary file (a pipe, a device, a link to one) is neither read nor written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import BadInput
from grader.evidence import Unreadable, files
from grader.report.files import replacing

if TYPE_CHECKING:
    from grader.scoring import Scorecard

WORK = Path("work")
"""The learner's folder, below the current directory: working copies and this memory."""

FORMAT_VERSION = 1
MOST_BYTES = 4 << 20


@dataclass(frozen=True)
class LastCheck:
    """How a check ended the last time; ``outcome`` as in the scorecard."""

    outcome: str
    expected: str | None
    found: str | None


@dataclass(frozen=True)
class Standing:
    """One exercise so far. ``last`` maps check ids to how they ended, ``hints`` to how many were given."""

    best: int
    max_score: int
    last: Mapping[str, LastCheck] = field(default_factory=dict)
    hints: Mapping[str, int] = field(default_factory=dict)


def load(folder: Path = WORK) -> dict[str, Standing]:
    """What is remembered of each exercise, by its id."""
    try:
        data = json.loads(files.read_bytes(_file(folder), MOST_BYTES))
        if data["format_version"] != FORMAT_VERSION:
            return {}
        return {str(name): _standing(entry) for name, entry in data["exercises"].items()}
    except (Unreadable, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def remember(card: Scorecard, folder: Path = WORK) -> None:
    """Take in a scorecard; one that was not graded teaches nothing."""
    if card.score is None:
        return
    known = load(folder)
    before = known.get(card.exercise, Standing(0, card.max_score))
    # A suite may have changed what it is worth since: compare shares, not points.
    better = card.score * before.max_score >= before.best * card.max_score
    known[card.exercise] = Standing(
        best=card.score if better else before.best,
        max_score=card.max_score if better else before.max_score,
        last={check.id: LastCheck(check.outcome, check.expected, check.found) for check in card.checks},
        hints={
            check.id: before.hints[check.id]
            for check in card.checks
            if check.outcome != "passed" and check.id in before.hints
        },
    )
    _save(known, folder)


def next_hint(exercise: str, check: str, count: int, max_score: int, folder: Path = WORK) -> int:
    """Which of a check's ``count`` hints is due, counted from 1, and remember that it was given.

    After the last one it begins again at the first.
    """
    known = load(folder)
    standing = known.get(exercise, Standing(0, max_score))
    step = standing.hints.get(check, 0) % count + 1
    known[exercise] = replace(standing, hints={**standing.hints, check: step})
    _save(known, folder)
    return step


def _file(folder: Path) -> Path:
    """Where the file lies, whatever links lead there."""
    return Path(os.path.realpath(folder / ".grade.json"))


def _save(known: Mapping[str, Standing], folder: Path) -> None:
    data = {
        "format_version": FORMAT_VERSION,
        "exercises": {name: asdict(standing) for name, standing in known.items()},
    }
    with suppress(OSError, BadInput):
        folder.mkdir(exist_ok=True)
        place = _file(folder)
        if files.is_file(place) or not os.path.lexists(place):
            with replacing(place) as stream:
                json.dump(data, stream, indent=1)


def _standing(entry: Mapping[str, Any]) -> Standing:
    last = {
        str(check): LastCheck(str(told["outcome"]), _text(told["expected"]), _text(told["found"]))
        for check, told in entry["last"].items()
    }
    hints = {str(check): int(step) for check, step in entry["hints"].items()}
    return Standing(int(entry["best"]), int(entry["max_score"]), last, hints)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
