"""``grade gradebook``: what it holds, every attempt, and marks given by hand."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.cli.report import PLACE, made_of, secret_of
from grader.cli.words import console, exercise_ids, paragraph
from grader.errors import BadInput
from grader.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from grader.classroom.gradebook import Attempt, Gradebook, Override
    from grader.classroom.roster import Roster
    from grader.report.classdata import Learner, Result

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Look into a gradebook, and give marks by hand.",
)

RosterFile = Annotated[Path | None, typer.Option(metavar="FILE", help="The class as CSV, with a line of headings.")]
Who = Annotated[str, typer.Argument(metavar="LEARNER", help="An id, or whom the roster knows by another word.")]
Which = Annotated[
    list[str] | None,
    typer.Option("--exercise", metavar="EXERCISE", help="Which; all without it.", autocompletion=exercise_ids),
]


@app.command("list")
def list_(gradebook: PLACE = "gradebook.db", roster: RosterFile = None, exercise: Which = None) -> int:
    """The marks that count: a line a learner, a column an exercise."""
    with _opened(gradebook) as book:
        made = made_of(book, _people(roster), exercise or [])
    table = _table("learner", *(f"{one.id} of {one.max_score}" for one in made.exercises))
    for learner in made.learners:
        table.add_row(one_line(_called(learner), 60), *(_mark(result) for result in learner.results))
    console().print(table)
    print(f"{len(made.learners)} learners. not graded: nobody judged it. -: no work. *: given by hand. <: late.")
    if made.caution:
        print(paragraph(made.caution))
    return 0


@app.command("show")
def show(learner: Who, gradebook: PLACE = "gradebook.db", roster: RosterFile = None, exercise: Which = None) -> int:
    """What counts for one learner: marks, where they come from, and the checks that did not pass."""
    people = _people(roster)
    with _opened(gradebook) as book:
        name = _learner(book, people, learner)
        made = made_of(book, people, exercise or [], each_check=True)
        found = next((one for one in made.learners if one.id == name), None)
    if found is None:
        raise BadInput(f"{one_line(name)} has no results of these exercises.")
    print(one_line(_called(found)))
    for figure, result in zip(made.exercises, found.results, strict=True):
        print(paragraph(f"{figure.id} {figure.title}: {_story(result)}", "", "  "))
        for check in figure.checks if result.status == "graded" else ():
            one = (result.checks or {}).get(check.id)
            if one is not None and one.outcome != "passed":
                state = "not passed" if one.outcome == "failed" else "not reached"
                print(paragraph(f"{check.id} ({one.points}), {state}: {one_line(one.found or '')}", "  ", "    "))
    return 0


@app.command("history")
def history(
    learner: Annotated[str | None, typer.Argument(metavar="[LEARNER]", help="Whose; everybody's without it.")] = None,
    gradebook: PLACE = "gradebook.db",
    roster: RosterFile = None,
    exercise: Annotated[
        str | None, typer.Option(metavar="EXERCISE", help="Which; all without it.", autocompletion=exercise_ids)
    ] = None,
) -> int:
    """Every attempt ever graded, and every mark ever given by hand or taken back, oldest first."""
    people = _people(roster)
    with _opened(gradebook) as book:
        name = _learner(book, people, learner) if learner else None
        attempts = book.history(learner=name, exercise=exercise)
        given = [
            one for one in book.all_overrides() if name in (None, one.learner) and exercise in (None, one.exercise)
        ]
    table = _table("when (UTC)", "learner", "exercise", "result", "how")
    lines = [(one.graded_at, one.key.learner, one.key.exercise, *_attempt(one)) for one in attempts]
    lines += [(one.made_at, one.learner, one.exercise, *_given(one)) for one in given]
    for moment, *rest in sorted(lines, key=lambda line: line[0]):
        table.add_row(f"{moment:%Y-%m-%d %H:%M:%S}", *(one_line(str(each), 120) for each in rest))
    console().print(table)
    return 0


@app.command("override", context_settings={"ignore_unknown_options": True})
def override(
    learner: Who,
    exercise: Annotated[str, typer.Argument(metavar="EXERCISE", help="Such as ex1.", autocompletion=exercise_ids)],
    score: Annotated[str | None, typer.Argument(metavar="[POINTS]", help="The mark; none with --remove.")] = None,
    author: Annotated[str, typer.Option(metavar="NAME", help="Who gives it.")] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take back the mark given by hand.")] = False,
    gradebook: PLACE = "gradebook.db",
    roster: RosterFile = None,
) -> int:
    """Give a mark by hand. The machine's stays beside it, with who gave this one and why, on every report."""
    from grader import catalog

    chosen = catalog.find(exercise)
    if not author.strip() or not reason.strip():
        raise BadInput("A mark given by hand needs --author and --reason: reports show both.")
    if remove and score is not None:
        raise BadInput("--remove takes a mark back: leave the points out.")
    people = _people(roster)
    with _opened(gradebook) as book:
        name = _learner(book, people, learner)
        before = book.overridden().get((name, chosen.id))
        machine = next((a for a in book.current([chosen.id]) if a.key.learner == name), None)
        if remove and before is None:
            raise BadInput(f"{one_line(name)} has no mark given by hand in {chosen.id}.")
        points = None if remove else _points(score, machine.max_score if machine else chosen.max_score)
        book.override(name, chosen.id, points, author=author.strip(), reason=reason.strip())
    now = "none" if machine is None or machine.mark is None else f"{machine.mark:g}"
    told = f"no mark by hand any more; the machine's is {now}"
    if points is not None:
        told = f"{points:g} by hand; the machine's mark is {now}"
    print(paragraph(one_line(f"{name}, {chosen.id}: {told}")))
    return 0


@app.command("export")
def export(
    gradebook: PLACE = "gradebook.db",
    roster: RosterFile = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; standard output without it.", show_default=False)
    ] = None,
    pseudonymous: Annotated[
        bool,
        typer.Option("--pseudonymous", help="Name nobody. With --roster, whose names are taken out of texts, too."),
    ] = False,
) -> int:
    """Everything, as JSON Lines: each attempt with its whole scorecard, and each mark given by hand."""
    from grader.report.files import replacing

    people = _people(roster)
    with _opened(gradebook) as book:
        lines = _lines(book, people, pseudonymous)
        if output is None:
            sys.stdout.writelines(lines)
            return 0
        with replacing(output) as stream:
            stream.writelines(lines)
    return 0


def _lines(book: Gradebook, people: Roster, pseudonymous: bool) -> Iterator[str]:
    from grader.report.classdata import Redaction
    from grader.report.learnerdata import redacted

    attempts, given = book.history(), book.all_overrides()
    names = {attempt.key.learner for attempt in attempts} | {one.learner for one in given}
    redact = Redaction(people, names, secret_of(book)) if pseudonymous else None
    for attempt in attempts:
        card: dict[str, Any] = book.card(attempt.id)
        told = {**asdict(attempt.key), **{k: v for k, v in asdict(attempt).items() if k not in ("id", "key")}}
        if redact:
            # A file's digest tells whose it is to anybody who has the file; its path often says so itself.
            hide: Callable[[str], str] = partial(redact.one, attempt.key.learner)
            card = redacted({**card, "submission": None}, hide)
            told |= {"learner": redact.shown(attempt.key.learner), "sha256": None}
            told["reason"] = redacted(told["reason"], hide)
        yield _json({"kind": "attempt", **told, "card": card})
    for one in given:
        yield _json({"kind": "override", **asdict(redact.override(one) if redact else one)})


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, allow_nan=False, default=lambda moment: moment.isoformat()) + "\n"


def _opened(place: str) -> Any:
    from grader.classroom import gradebook

    return gradebook.opened(place, create=False)


def _people(roster: Path | None) -> Roster:
    from grader.classroom import roster as rosters

    return rosters.read(roster) if roster else rosters.NOBODY


def _learner(book: Gradebook, people: Roster, word: str) -> str:
    """The learner meant. Raises BadInput when neither the gradebook nor the roster knows them."""
    from grader.report.classdata import nobody

    known = {attempt.key.learner for attempt in book.current()} | {person.learner for person in people.people}
    found = next((learner for learner in people.ids(word) if learner in known), None)
    if found is None:
        raise BadInput(nobody(word, known))
    return found


def _points(text: str | None, most: int) -> float:
    try:
        points = float(text) if text is not None else math.nan
    except ValueError:
        points = math.nan
    if not 0 <= points <= most:
        raise BadInput(f"{one_line(text or 'Nothing')!r} is no mark: it must be a number from 0 to {most}.")
    return points


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _called(learner: Learner) -> str:
    return f"{learner.id} ({learner.name})" if learner.name else learner.id


def _mark(result: Result) -> str:
    if result.mark is None:
        return "not graded" if result.status == "not_graded" else "-"
    return f"{result.mark:g}{'*' if result.override else ''}{'<' if result.deduction else ''}"


def _story(result: Result) -> str:
    parts: list[str] = []
    if result.status == "missing":
        parts.append("no work")
    elif result.status == "not_graded":
        parts.append(f"not graded: {one_line(result.reason or '')}")
    else:
        parts.append(f"{result.score} of {result.max_score} points in the newest of {result.tries} attempts")
    if result.deduction:
        parts.append(f"{result.deduction:.0%} off for being late, which leaves {result.machine_mark:g}")
    if result.override:
        by = f"{one_line(result.override.author)}: {one_line(result.override.reason, 1000)}"
        parts.append(f"{result.override.score:g} given by hand, by {by}")
    if result.isolation == "process":
        parts.append("without a sandbox (isolation: process)")
    return "; ".join(parts)


def _attempt(attempt: Attempt) -> Iterable[str]:
    if attempt.score is None:
        yield "not graded"
        yield attempt.reason or ""
        return
    yield f"{attempt.score} of {attempt.max_score}"
    late = f", {attempt.deduction:.0%} off" if attempt.deduction else ""
    yield f"{attempt.isolation}, seed {attempt.key.seed}, suite {attempt.key.suite_version}{late}"


def _given(given: Override) -> Iterable[str]:
    yield "taken back" if given.score is None else f"{given.score:g} by hand"
    yield f"{given.author}: {given.reason}"
