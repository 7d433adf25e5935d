"""Grades one submission of a class, wherever it is asked to: all that it needs comes with the work."""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grader import interrupts


@dataclass(frozen=True)
class Work:
    """A submission to grade. ``name`` is its path as reports show it, ``content`` its bytes."""

    exercise: str
    name: str
    content: bytes
    seed: int
    isolation: Literal["sandbox", "process"]


@dataclass(frozen=True)
class Done:
    """What became of it: the scorecard as JSON-ready data, and how long it took, in seconds.

    ``details``: what a log file tells of a submission that was not graded.
    """

    card: dict[str, Any]
    seconds: float
    details: str = ""


def settle() -> None:
    """Make this process a worker: it heeds its parent and its parent's end, not the terminal's Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Take the lab down and end when the parent is gone, however it went: the other workers keep the queue open."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(interrupts.PATIENCE)
        os._exit(1)


def grade(work: Work) -> Done:
    """Grade a submission. Whatever it is, there is a scorecard: a file that is none says so in its reason."""
    from grader import catalog, pipeline, scoring, submission
    from grader.errors import BadInput
    from grader.exams import load_exams

    started = time.monotonic()
    exercise = catalog.find(work.exercise)
    try:
        with _interruptible():
            read = submission.of(Path(work.name), work.content)
            card = pipeline.grade(exercise, read, pipeline.Options(work.seed, work.isolation))
    except BadInput as error:
        identity = scoring.SubmissionId(work.name, hashlib.sha256(work.content).hexdigest())
        card = scoring.not_graded(exercise, str(error), load_exams(), submission=identity, seed=work.seed)
    return Done(card.as_json(), time.monotonic() - started, card.details)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM takes the lab down, as Ctrl-C does elsewhere, and then ends the process: it would go on to wait for work,
    which after the parent's end never comes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupts.once)
    try:
        yield
    except KeyboardInterrupt:
        os._exit(1)
    finally:
        signal.signal(signal.SIGTERM, before)
