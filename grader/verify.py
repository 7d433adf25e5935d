"""Proof that a suite judges justly: grades every kept solution and compares with what it declares.

Solutions that can share a lab do (:func:`grader.solutions.together`), and those of the project itself run one after
another in warm labs (:mod:`grader.lab.warm`). Fresh, sealed labs, as learners get them, repeat a sample that is drawn
anew each time, and whatever was not as declared. Warm and sealed labs must agree on each check to the word.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from grader import catalog, interrupts, machine, solutions
from grader.catalog import Exercise
from grader.solutions import Group, Solution

FEWEST_SEALED, SEALED_OF = 2, 8
"""Sealed labs repeat one group of this number, and no fewer than the first."""

Told = tuple[str, str, str]
"""Of a check: its outcome, what was expected and what was found."""


@dataclass(frozen=True)
class Graded:
    """What a lab gave: each check's result, or why it was not graded. ``seconds`` of wall time."""

    checks: Mapping[str, Told] | None
    reason: str | None
    seconds: float

    @property
    def not_passed(self) -> frozenset[str] | None:
        if self.checks is None:
            return None
        return frozenset(name for name, (outcome, *_) in self.checks.items() if outcome != "passed")


@dataclass(frozen=True)
class Compared:
    """A solution beside its actual verdict. ``graded`` is of the lab that settled it, which others may have shared."""

    solution: Solution
    graded: Graded
    shared: Group

    @property
    def not_passed(self) -> frozenset[str] | None:
        """The checks that this solution failed: of a lab that several shared, those that none of the others did."""
        others = solutions.fails(tuple(one for one in self.shared if one != self.solution))
        return None if self.graded.not_passed is None else self.graded.not_passed - others

    @property
    def unearned(self) -> frozenset[str]:
        """Checks that passed although they must not."""
        return frozenset() if self.not_passed is None else self.solution.fails - self.not_passed

    @property
    def lost(self) -> frozenset[str]:
        """Checks that did not pass although they must."""
        return frozenset() if self.not_passed is None else self.not_passed - self.solution.fails

    @property
    def ok(self) -> bool:
        return self.not_passed is not None and not self.unearned and not self.lost


@dataclass(frozen=True)
class Disagreement:
    """A check on which a warm and a sealed lab gave different results for the same submission.

    None stands for a submission that was not graded there, and ``check`` is empty then.
    """

    name: str
    check: str
    warm: Told | None
    sealed: Told | None


@dataclass(frozen=True)
class Verification:
    """Every solution's comparison, and how it was reached."""

    exercise: Exercise
    seed: int
    compared: tuple[Compared, ...]
    unproven: tuple[str, ...]
    """Checks that no wrong solution was seen to fail."""
    disagreements: tuple[Disagreement, ...]
    warm_labs: int
    sealed_labs: int
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.unproven and not self.disagreements and all(compared.ok for compared in self.compared)


Notify = Callable[[str, str], None]
"""Told of a lab's name and what its grading does now."""

Results = Generator[tuple[str, Graded], None, None]
GradeAll = Callable[[Exercise, Mapping[str, Path], int, int, bool, Notify], Results]
"""Grades files by name with a seed, several at a time, in warm labs or not. Gives each result when it is there."""


def verify(
    exercise: Exercise,
    *,
    seed: int,
    jobs: int | None = None,
    folder: Path | None = None,
    sealed: bool = False,
    notify: Notify = lambda name, doing: None,
    grade_all: GradeAll | None = None,
) -> Verification:
    """Grade the starter and every solution of an exercise and compare.

    ``folder`` holds solutions that are not the project's own: like all with ``sealed``, they get sealed labs.
    ``jobs``: the number of labs at once. Raises BadInput if there are no solutions.
    """
    started = time.monotonic()
    todo = solutions.discover(exercise, folder or solutions.default_folder(exercise))
    groups = {_name(group): group for group in solutions.together(todo)}
    jobs = jobs or machine.labs_at_once()
    grade_all = grade_all or grade_in_processes
    with tempfile.TemporaryDirectory(prefix="grade-verify-") as temporary:

        def grade(wanted: Mapping[str, Group], *, warm: bool, place: str) -> dict[str, Graded]:
            below = Path(temporary) / place
            files = {name: solutions.complete(group[0], below, *group[1:]) for name, group in wanted.items()}
            # A lab takes long: close the generator, and with it every process, however this ends.
            with contextlib.closing(grade_all(exercise, files, seed, jobs, warm, notify)) as results:
                return dict(results)

        warm: dict[str, Graded] = {}
        repeated = groups
        if folder is None and not sealed:
            warm = grade(groups, warm=True, place="warm")
            repeated = {name: groups[name] for name in _to_repeat(groups, warm)}
        fresh = grade(repeated, warm=False, place="sealed")
        settled = {**warm, **fresh}
        suspects = [
            group for name, group in groups.items() if len(group) > 1 and not _as_declared(group, settled[name])
        ]
        single = {one.name: (one,) for group in suspects for one in group}
        alone = grade(single, warm=False, place="alone")
    compared = {}
    for name, group in groups.items():
        for one in group:
            is_alone = one.name in alone
            result = alone[one.name] if is_alone else settled[name]
            compared[one.name] = Compared(one, result, (one,) if is_alone else group)
    everything = tuple(compared[solution.name] for solution in todo)
    return Verification(
        exercise,
        seed,
        everything,
        unproven(exercise, everything),
        tuple(_disagreements(warm, fresh)),
        len(warm),
        len(fresh) + len(alone),
        time.monotonic() - started,
    )


def labs(exercise: Exercise, folder: Path | None = None) -> int:
    """How many labs prove the exercise's solutions at first. Raises BadInput if there are no solutions."""
    return len(solutions.together(solutions.discover(exercise, folder or solutions.default_folder(exercise))))


def _name(group: Group) -> str:
    return " + ".join(solution.name for solution in group)


def _as_declared(group: Group, graded: Graded) -> bool:
    return graded.not_passed == solutions.fails(group)


def _to_repeat(groups: Mapping[str, Group], warm: Mapping[str, Graded]) -> list[str]:
    """The groups that sealed labs repeat: a sample, drawn anew each time, and each that was not as declared."""
    good = [name for name, group in groups.items() if _as_declared(group, warm[name])]
    sample = random.SystemRandom().sample(good, min(len(good), max(FEWEST_SEALED, len(groups) // SEALED_OF)))
    return [name for name in groups if name in sample or name not in good]


def _disagreements(warm: Mapping[str, Graded], sealed: Mapping[str, Graded]) -> Iterable[Disagreement]:
    for name in warm.keys() & sealed.keys():
        here, there = warm[name].checks, sealed[name].checks
        if here is None or there is None:
            if here != there:
                yield Disagreement(name, "", None, None)
            continue
        for check in here.keys() | there.keys():
            if here.get(check) != there.get(check):
                yield Disagreement(name, check, here.get(check), there.get(check))


def unproven(exercise: Exercise, compared: Sequence[Compared]) -> tuple[str, ...]:
    """The checks that no wrong solution was seen to fail, in the manifest's order."""
    failed = [c.not_passed or frozenset() for c in compared if c.solution.kind == "wrong"]
    return tuple(check.id for check in exercise.checks if not any(check.id in ids for ids in failed))


def grade_in_processes(
    exercise: Exercise, files: Mapping[str, Path], seed: int, jobs: int, warm: bool, notify: Notify
) -> Results:
    """Grade files in ``jobs`` processes. Closing the generator ends them all."""
    context = multiprocessing.get_context("spawn")
    waiting = list(files.items())
    busy: dict[Connection, tuple[str, BaseProcess]] = {}
    started: list[BaseProcess] = []

    def start() -> tuple[Connection, BaseProcess]:
        ours, theirs = context.Pipe()
        process = context.Process(target=_grade_files, args=(theirs, exercise.name, seed, warm))
        started.append(process)
        process.start()
        theirs.close()
        return ours, process

    def give(line: Connection, process: BaseProcess) -> None:
        name, path = waiting.pop(0)
        busy[line] = (name, process)
        notify(name, "starting")
        with contextlib.suppress(BrokenPipeError):  # It ended, which shows when its result is awaited.
            line.send(path)

    try:
        while waiting and len(busy) < jobs:
            give(*start())
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                name, process = busy[ready]
                try:
                    message = ready.recv()
                except (EOFError, ConnectionResetError):
                    process.join()
                    message = Graded(None, f"its process ended with status {process.exitcode}", 0.0)
                if not isinstance(message, Graded):
                    notify(name, str(message))
                    continue
                del busy[ready]
                yield name, message
                if waiting:
                    give(*((ready, process) if process.is_alive() else start()))
                else:
                    ready.close()
        for process in started:
            process.join(interrupts.PATIENCE)
    finally:
        interrupts.end(started, signal.SIGINT)


def _grade_files(line: Connection, name: str, seed: int, warm: bool) -> None:
    """The main function of a worker process: grades each file that arrives on the line and sends back the result."""
    # Out of the terminal's reach: Ctrl-C comes once, from the parent, and never while the lab is taken down.
    # Python ignores SIGINT where its parent did, as a shell does for a job in the background.
    os.setpgrp()
    signal.signal(signal.SIGINT, interrupts.once)
    # Nobody waits for results any more when the line breaks.
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError, EOFError), _Labs(name, seed, warm) as labs:
        while True:
            path = line.recv()
            started = time.monotonic()
            try:
                checks, reason = labs.grade(path, line.send)
            except (KeyboardInterrupt, BrokenPipeError):
                raise
            except Exception as error:
                checks, reason = None, f"{type(error).__name__}: {error}"
            line.send(Graded(checks, reason, time.monotonic() - started))


class _Labs:
    """Grades an exercise's files one after another, all in one warm lab or each in a separate sealed lab."""

    def __init__(self, name: str, seed: int, warm: bool) -> None:
        self._exercise = catalog.find(name)
        self._seed = seed
        self._wants_warm = warm
        self._warm: Any = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> _Labs:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def grade(self, path: Path, notify: Callable[[str], None]) -> tuple[dict[str, Told] | None, str | None]:
        """Returns the result of each check, or the reason why the file was not graded."""
        from grader import pipeline
        from grader.lab import sandbox, warm

        if self._wants_warm and self._warm is None:
            self._warm = self._open.enter_context(warm.opened(self._exercise, sandbox.choose("auto"), notify))
        card = pipeline.grade(self._exercise, path, pipeline.Options(seed=self._seed), notify, warm=self._warm)
        if card.status != "graded":
            # Whatever happened there must not reach the next.
            self._open.close()
            self._warm = None
            return None, card.reason
        return {check.id: (check.outcome, check.expected or "", check.found or "") for check in card.checks}, None
