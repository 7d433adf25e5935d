"""``grade class``: a folder of submissions, graded into a gradebook."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader import catalog, machine
from grader.cli import exits
from grader.cli.exits import NOT_ALL_PASSED, PASSED
from grader.cli.words import command, console, paragraph
from grader.errors import BadInput
from grader.text import one_line

if TYPE_CHECKING:
    from grader.classroom.roster import Roster
    from grader.classroom.run import Progress, Tally

MOST_TOLD = 10
"""How many submissions that could not be graded are named; reports name them all."""


def grade_class(
    folder: Path,
    exercises: list[str],
    *,
    roster: Path | None,
    gradebook: str,
    jobs: int | None,
    cluster: str | None,
    due: str | None,
    late_policy: str | None,
    seed: int | None,
    isolation: Literal["sandbox", "process"],
    force: bool,
    retry_failed: bool,
    only: list[str],
) -> int:
    """Grade what the gradebook does not have yet; exit status 1 if something could not be graded."""
    from grader import lab
    from grader.classroom import gradebook as gradebooks
    from grader.classroom import late, layouts, queue, run
    from grader.classroom import roster as rosters
    from grader.lab import sandbox

    if cluster and jobs is not None:
        raise BadInput("--cluster has workers of its own: leave --jobs out.")
    wanted = [catalog.find(name) for name in exercises] if exercises else list(catalog.all_exercises())
    policy = late.parse(due, late_policy)
    people = rosters.read(roster) if roster else rosters.NOBODY
    found = layouts.read(folder, wanted, people)
    chosen = _chosen(only, {one.learner for one in found.found}, people, folder)
    if not cluster:
        _check_isolation(isolation, sandbox.unavailable())
    width = jobs or machine.labs_at_once()
    if not cluster:
        lab.need_room(width)
    again = run.Again(force=force, failed=retry_failed)
    with (
        gradebooks.opened(gradebook) as book,
        _line() as notify,
        queue.cluster(cluster) if cluster else queue.local(width) as workers,
    ):
        tally = run.grade_class(
            folder,
            found,
            wanted,
            book,
            workers,
            seed=seed,
            isolation=isolation,
            late=policy,
            again=again,
            only=chosen,
            notify=notify,
        )
    _tell(tally, found.layout, found.strangers, gradebook)
    return NOT_ALL_PASSED if tally.not_graded else PASSED


def _chosen(words: list[str], learners: set[str], people: Roster, folder: Path) -> set[str]:
    """The learners meant by --only. Raises BadInput when one has no work in the folder and is not in the roster."""
    chosen = set()
    for word in words:
        known = [learner for learner in people.ids(word) if learner in learners]
        if not known:
            raise BadInput(f"There is no learner {word!r} in {folder}: learners are named as the roster names them.")
        chosen.add(known[0])
    return chosen


def _check_isolation(isolation: str, why_not: str | None) -> None:
    if isolation == "sandbox" and why_not:
        raise BadInput(
            f"No sandbox can be had here: {why_not} A class's submissions are other people's code: grade them where "
            "there is one, or say --isolation process, which every report will tell."
        )


@contextmanager
def _line() -> Iterator[Callable[[Progress], None]]:
    """On a terminal one line that moves; elsewhere a line for each result."""
    errors = console(stderr=True)
    if not errors.is_terminal:

        def line(progress: Progress) -> None:
            print(f"{progress.done} of {progress.total}  {one_line(progress.last)}", file=sys.stderr, flush=True)

        yield line
        return
    with errors.status("grading") as status:
        yield lambda progress: status.update(one_line(_sentence(progress)))


def _sentence(progress: Progress) -> str:
    failed = f", {progress.not_graded} not graded" if progress.not_graded else ""
    left = "" if progress.left_seconds is None else f", about {_span(progress.left_seconds)} left"
    return f"{progress.done} of {progress.total}{failed}{left}: {progress.last}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds / 5) * 5)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _tell(tally: Tally, layout: str, strangers: tuple[str, ...], gradebook: str) -> None:
    from grader.classroom.gradebook import DEFAULT, shown

    parts = [f"{tally.graded} graded", f"{tally.kept} kept from before" if tally.kept else ""]
    parts += [f"{len(tally.not_graded)} not graded" if tally.not_graded else ""]
    parts += [f"{tally.missing} without work" if tally.missing else ""]
    print(f"{', '.join(part for part in parts if part)} (layout: {layout}).")
    for found, reason in tally.not_graded[:MOST_TOLD]:
        print(paragraph(one_line(f"not graded: {found.learner}, {found.exercise}: {reason}"), "  ", "    "))
    if len(tally.not_graded) > MOST_TOLD:
        print(f"  and {len(tally.not_graded) - MOST_TOLD} more")
    if tally.details:
        print(f"What happened is written down in {exits.log(chr(10).join(tally.details))}")
    if strangers:
        names = ", ".join(strangers[:MOST_TOLD]) + (" ..." if len(strangers) > MOST_TOLD else "")
        print(paragraph(one_line(f"Not in the roster: {names}.")))
    named = "" if gradebook == DEFAULT else f" --gradebook {shlex.quote(shown(gradebook))}"
    print(paragraph(one_line(f"Reports: {command()} report --format html{named}", 1000)))
