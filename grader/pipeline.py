"""The way of one submission, from a file to a scorecard: the whole grader on one page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader import lab, submission
from grader import seed as seeds
from grader.catalog import Exercise
from grader.errors import NotGraded
from grader.exams import load_exams
from grader.lab import sandbox
from grader.scoring import Scorecard, SubmissionId, not_graded, score
from grader.submission import Submission
from grader.suite import court

if TYPE_CHECKING:
    from grader.lab.warm import WarmLab


@dataclass(frozen=True)
class Options:
    """How to grade: the lab's seed (drawn by lot if None) and its isolation."""

    seed: int | None = None
    isolation: Literal["auto", "sandbox", "process"] = "auto"


def grade(
    exercise: Exercise,
    work: Path | Submission,
    options: Options,
    notify: Callable[[str], None] = lambda text: None,
    *,
    warm: WarmLab | None = None,
) -> Scorecard:
    """Grade a submission, read already or at a path; ``notify`` is told, in a few words, what happens.
    ``warm``: the lab that the project's own solutions share. Nobody else's file may be graded there.

    Raises BadInput when the file is no submission or the machine lacks something. Should the grader itself
    fail, the scorecard says ``not_graded`` and why.
    """
    started = time.monotonic()
    seed = seeds.draw() if options.seed is None else options.seed
    submitted = work if isinstance(work, Submission) else submission.read(work)
    identity = SubmissionId(str(submitted.path), submitted.sha256)
    exams = load_exams()
    isolation = sandbox.choose(options.isolation)
    with warm.folder() if warm else lab.folder() as folder, court.waiting(exercise, seed, folder, isolation) as judge:
        record = None
        try:
            record = lab.run(exercise, submitted, seed, folder, isolation=isolation, notify=notify, warm=warm)
            notify("judging")
            judging = time.monotonic()
            verdict = judge.verdict(exercise, record, submitted.cells)
        except NotGraded as failure:
            return not_graded(
                exercise,
                str(failure),
                exams,
                submission=identity,
                seed=seed,
                isolation=isolation,
                cells=record.cells if record else (),
                details=failure.details,
            )
        now = time.monotonic()
        timings = {**record.timings, "judge": round(now - judging, 3), "total": round(now - started, 3)}
    return score(
        exercise,
        verdict,
        exams,
        submission=identity,
        seed=seed,
        isolation=isolation,
        cells=record.cells,
        timings=timings,
    )
