"""``grade hint ex1 [CHECK]``: a check's hints, one step a call."""

from __future__ import annotations

from typing import Annotated

import typer

from grader import catalog, progress
from grader.catalog import Check, Exercise
from grader.cli.words import ExerciseName, check_ids, command, paragraph
from grader.errors import BadInput
from grader.text import one_line


def hint(
    exercise: ExerciseName,
    check: Annotated[
        str | None,
        typer.Argument(
            metavar="CHECK",
            help="The check's id; without it, the first that did not pass last time.",
            autocompletion=check_ids,
            show_default=False,
        ),
    ] = None,
) -> int:
    """A hint, one step further each time you ask."""
    found = catalog.find(exercise)
    chosen = found.check(check) if check else _first_open(found)
    if chosen is None:
        print(paragraph(f"All checks of {found.id} passed the last time: no hint is needed."))
        return 0
    standing = progress.load().get(found.id)
    last = standing.last.get(chosen.id) if standing else None
    step = progress.next_hint(found.id, chosen.id, len(chosen.hints), found.max_score)
    print(paragraph(f"{chosen.title} ({chosen.id})"))
    if last is not None and last.outcome == "passed":
        print(paragraph("It passed the last time.", "  "))
    elif last is not None:
        for label, text in (("expected", last.expected), ("found", last.found)):
            if text:
                print(paragraph(one_line(text), f"  {label:8}  "))
    print()
    print(paragraph(chosen.hints[step - 1], f"Hint {step} of {len(chosen.hints)}: ", hang=""))
    if step < len(chosen.hints):
        print(paragraph(f"For the next one: {command()} hint {found.id} {chosen.id}"))
    return 0


def _first_open(exercise: Exercise) -> Check | None:
    """The first check that did not pass last time, None if all did. Raises BadInput if nothing was graded."""
    standing = progress.load().get(exercise.id)
    if standing is None or not standing.last:
        raise BadInput(
            f"Nothing of {exercise.id} was graded here yet. Run {command()} {exercise.id} first, "
            f"or name a check: {command()} hint {exercise.id} {exercise.checks[0].id}"
        )
    for check in exercise.checks:
        if check.id not in standing.last or standing.last[check.id].outcome != "passed":
            return check
    return None
