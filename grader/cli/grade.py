"""``grade ex1 [SUBMISSION]``: grade a submission and say how it went."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader import progress
from grader.cli import workcopy
from grader.cli.exits import NOT_ALL_PASSED, PASSED
from grader.cli.live import live_line
from grader.cli.words import ExerciseName, command, console, exercise_or_verb, paragraph
from grader.errors import BadInput, NotGraded
from grader.seed import LARGEST


class Isolation(StrEnum):
    auto = "auto"
    sandbox = "sandbox"
    process = "process"


def grade(
    ctx: typer.Context,
    exercise: ExerciseName,
    submission: Annotated[
        Path | None,
        typer.Argument(
            metavar="SUBMISSION",
            help="A notebook: .py in percent cells, Databricks source .py, or .ipynb. "
            "Without it your working copy in work/ is graded.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the scorecard as JSON.")] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the checks as JUnit XML, for CI.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=LARGEST, metavar="N", help="Which lab: its data, names and figures follow from it."),
    ] = None,
    isolation: Annotated[
        Isolation, typer.Option(help="Where the notebook runs; auto takes the sandbox if there is one.")
    ] = Isolation.auto,
    timings: Annotated[bool, typer.Option("--timings", help="Say where the time went.")] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", help="Show every check in full, what each cell printed, and in a pipe each stage."),
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print plain text (as NO_COLOR=1 does).")] = False,
) -> int:
    """Grade a notebook; `grade ex1` is short for it.

    Without SUBMISSION it is your working copy, work/<exercise>.py. The first time it is made from the
    starter and graded as it is, so that the result shows what there is to do.

    Exit status: 0 all checks passed, 1 some did not, 2 wrong input, 3 the grader failed, 130 interrupted.
    """
    found = exercise_or_verb(exercise, _verbs(ctx))
    errors = console(stderr=True, no_color=no_color)
    if submission is None:
        submission = workcopy.path_of(found)
        if workcopy.ensure(found):
            made = (
                f"Made {submission} from the starter and grading it as it is. The tasks: "
                f"{command()} show {found.id}. When you have edited it: {command()} {found.id}"
            )
            print(paragraph(made), file=sys.stderr)
    _refuse_overwriting(submission, json, junit)

    # Heavy imports wait until it is clear that there is something to do.
    from grader import lab, pipeline
    from grader.report import files, jsonfile, terminal
    from grader.report import junit as junitfile

    lab.need_room()
    options = pipeline.Options(seed=seed, isolation=isolation.value)
    with ExitStack() as reports:
        # Opened before the work, so that a place that can't be written is known before it.
        json_stream = json and reports.enter_context(files.replacing(json))
        junit_stream = junit and reports.enter_context(files.replacing(junit))
        with live_line(errors, verbose=verbose) as notify:
            card = pipeline.grade(found, submission, options, notify)
        if json_stream:
            json_stream.write(jsonfile.text(card))
        if junit_stream:
            junit_stream.write(junitfile.text(card))
    progress.remember(card)
    terminal.render(card, found, console(no_color=no_color), command=command(), verbose=verbose, timings=timings)
    if card.status == "not_graded":
        failure = NotGraded(card.reason or "")
        failure.add_note(f"{jsonfile.text(card)}\n{card.details}")  # for the log file
        raise failure
    return PASSED if card.passed else NOT_ALL_PASSED


def _verbs(ctx: typer.Context) -> list[str]:
    return list(getattr(ctx.find_root().command, "commands", {}))


def _refuse_overwriting(submission: Path, *reports: Path | None) -> None:
    try:
        places = [os.path.realpath(path) for path in (submission, *reports) if path is not None]
    except ValueError as error:  # of a NUL character
        raise BadInput(f"No file can have such a name ({error}): name another.") from error
    if len(set(places)) < len(places):
        raise BadInput("Each report needs a file of its own, other than the submission.")
