"""The judge seen from the grading process: started early, asked once, held to a time, and made sense of."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from grader import interpreter
from grader.catalog import Check, Exercise
from grader.errors import NotGraded
from grader.lab import logs, sandbox
from grader.lab.record import RAISED, CellRecord, LabRecord
from grader.submission import Cell
from grader.suite.verdict import CheckResult, Verdict

JUDGE_SECONDS = 900
"""How long the judge may take in wall time. Its own work has a limit in CPU time (``judge.CPU_SECONDS``), and its
questions about models have theirs (:mod:`grader.lab.probe`). This is for what is under neither, and longer than both on
a machine that leaves it a fifth of one processor."""
MOST_ANSWER_BYTES = 16 << 20
DETAILS_BYTES = 20_000
"""How much of the judge's log is kept when it fails."""


class Court:
    """A judge that waits. Made by :func:`waiting`."""

    def __init__(self, process: subprocess.Popen[bytes], answer: IO[bytes], log: IO[bytes]) -> None:
        self._process = process
        self._answer = answer
        self._log = log

    def verdict(self, exercise: Exercise, record: LabRecord, cells: tuple[Cell, ...]) -> Verdict:
        """One result for each declared check. Raises NotGraded when the judge could not judge them all."""
        finished = {"seen_at": record.seen_at, "facts": dict(record.facts), "reported": record.reported}
        try:
            self._process.communicate(json.dumps(finished).encode() + b"\n", timeout=JUDGE_SECONDS)
            told = json.loads(self._answered())
        except subprocess.TimeoutExpired:
            raise NotGraded(f"the suite took longer than {JUDGE_SECONDS} s on what was left behind") from None
        except ValueError as error:
            status = self._process.returncode
            raise NotGraded(f"the judge ended with status {status}", self._details()) from error
        if told["mistakes"]:
            raise NotGraded(f"the hidden suite made a mistake: {told['mistakes'][0]}", self._details())
        missing = [check.id for check in exercise.checks if check.id not in told["results"]]
        unknown = told["results"].keys() - {check.id for check in exercise.checks}
        if missing or unknown:
            raise NotGraded(f"the suite judged not what it declares: {', '.join([*missing, *sorted(unknown)])}")
        return Verdict(
            tuple(_result(check, told["results"][check.id], record.cells, cells) for check in exercise.checks)
        )

    def _details(self) -> str:
        return logs.end_of(self._log, DETAILS_BYTES)

    def _answered(self) -> bytes:
        self._answer.seek(0)
        answer = self._answer.read(MOST_ANSWER_BYTES + 1)
        if len(answer) > MOST_ANSWER_BYTES:
            raise NotGraded(f"the judge's answer is longer than {MOST_ANSWER_BYTES >> 20} MB")
        return answer


@contextlib.contextmanager
def waiting(exercise: Exercise, seed: int, folder: Path, isolation: sandbox.Isolation) -> Iterator[Court]:
    """A judge's process for the lab in ``folder``, ready by the time it is asked; ended in any case."""
    asked = {"exercise": exercise.id, "seed": seed, "folder": str(folder), "isolation": isolation}
    # Files, not pipes: of an answer or a log of any length no more than is wanted is read.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            interpreter.isolated("grader.suite.judge"),
            env=interpreter.environment(),
            cwd="/",  # what the judge imports looks at the current folder for settings
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the grading process, which ends this one.
        )
        assert process.stdin is not None
        try:
            with contextlib.suppress(BrokenPipeError):  # What ended it shows when it is asked for its verdict.
                process.stdin.write(json.dumps(asked).encode() + b"\n")
                process.stdin.flush()
            yield Court(process, answer, log)
        finally:
            process.kill()
            process.communicate()


def _result(
    check: Check, told: Mapping[str, Any], records: tuple[CellRecord, ...], cells: tuple[Cell, ...]
) -> CheckResult:
    """A result, and the cell to look at; a check that hangs on a cell that did not finish is not reached."""
    if told["passed"]:
        return CheckResult(check.id, "passed")
    concerned = _concerned(check.task, check.words, cells)
    by_index = {record.index: record for record in records}
    for index in concerned:
        record = by_index[index]
        if record.outcome in RAISED:
            found = f"cell {index} {_how(record)}"
            return CheckResult(check.id, "not_reached", told["expected"] or None, found, index)
    if concerned and all(by_index[index].outcome == "not_run" for index in concerned):
        last = max((r.index for r in records if r.outcome not in ("not_run", "text")), default=concerned[0])
        found = f"the notebook ended in cell {last}"
        return CheckResult(check.id, "not_reached", told["expected"] or None, found, last)
    where = concerned[-1] if concerned else None
    if told["hangs_on"] is not None:
        return CheckResult(check.id, "not_reached", found=told["found"], cell=where)
    return CheckResult(check.id, "failed", told["expected"], told["found"], where)


def _how(record: CellRecord) -> str:
    """How a cell ended that did not finish what it was to do."""
    if not record.compiled:
        return "does not compile: mend that first"
    name = f" {record.error.name}" if record.error and record.outcome == "error" else ""
    return _HOW[record.outcome] + name


_HOW = {
    "error": "raised",
    "timeout": "ran out of time",
    "memory": "ran out of memory",
    "output": "wrote too much output",
    "disk": "wrote too much to disk",
    "processes": "started too many processes",
    "died": "ended the notebook's process",
}


_SET_UP = re.compile(r"\W*set-?\s?up\b", re.IGNORECASE)
_TASKS = re.compile(r"\btasks?\s*#?(\d{1,4}\b(?:\s*(?:,?\s*and|[,&+/]|to|-|–)\s*\d{1,4}\b)*)", re.IGNORECASE)
_RANGE = re.compile(r"(\d+)\s*(?:to|-|–)\s*(\d+)", re.IGNORECASE)


def _concerned(task: int, words: tuple[str, ...], cells: tuple[Cell, ...]) -> list[int]:
    """The cells that a task's checks are about: those headed by it, else those that mention its words.

    A cell that is headed by another task is about that one alone. A set-up cell mentions all words, since it reads the
    widgets, and is about none.
    """
    code = [cell for cell in cells if cell.language != "markdown"]
    tasks = {cell.index: tasks_in(cell.title) for cell in code}
    # "Task 5: the model of task 4" is about task 4 only where no heading begins with that.
    first = [cell.index for cell in code if task in tasks_in(cell.title.partition(":")[0])]
    headed = first or [cell.index for cell in code if task in tasks[cell.index]]
    if headed:
        return headed
    code = [cell for cell in code if not tasks[cell.index] and not _SET_UP.match(cell.title)]
    patterns = [re.compile(rf"\b{re.escape(word)}\b") for word in words]
    return [cell.index for cell in code if any(pattern.search(cell.source) for pattern in patterns)]


def tasks_in(title: str) -> frozenset[int]:
    """The tasks that a heading names: ``Task 3``, ``Task 3, 4 and 6``, ``Tasks 3-5``."""
    found: set[int] = set()
    for named in _TASKS.findall(title):
        found.update(map(int, re.findall(r"\d+", named)))
        for first, last in _RANGE.findall(named):
            found.update(range(int(first), int(last)))
    return frozenset(found)
