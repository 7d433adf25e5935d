"""``grade report``: what a gradebook holds, as pages and files."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.words import console, exercise_ids, paragraph
from grader.errors import BadInput
from grader.text import clean, one_line

if TYPE_CHECKING:
    from grader.classroom.gradebook import Gradebook
    from grader.classroom.roster import Roster
    from grader.report.classdata import ClassReport, Learner, Redaction

PLACE = Annotated[str, typer.Option(metavar="PLACE", help="A file, or a database's URL.", envvar="GRADER_GRADEBOOK")]
SECRET = "pseudonym secret"
FOLDER = "report"


class Format(StrEnum):
    html = "html"
    csv = "csv"
    json = "json"
    gradescope = "gradescope"
    junit = "junit"
    md = "md"
    nbgrader = "nbgrader"
    canvas = "canvas"
    moodle = "moodle"


FOLDERS = {Format.html, Format.gradescope}
"""These are many files; the others are one."""
EACH_CHECK = {Format.csv, Format.json, Format.junit, Format.gradescope}


def report(
    format: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.html,
    gradebook: PLACE = "gradebook.db",
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The class as CSV: names, e-mails, and who handed nothing in.")
    ] = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(
            "--exercise",
            metavar="EXERCISE",
            help="Which, more than once for several; all that the gradebook has without it.",
            autocompletion=exercise_ids,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PLACE",
            help="Where to: a folder for html and gradescope (report without it), a file for the others.",
            show_default=False,
        ),
    ] = None,
    pseudonymous: Annotated[
        bool, typer.Option("--pseudonymous", help="Name nobody: the same pseudonyms in every report.")
    ] = False,
    learner: Annotated[
        list[str] | None,
        typer.Option("--learner", metavar="LEARNER", help="This learner alone; more than once for several."),
    ] = None,
    class_only: Annotated[bool, typer.Option("--class-only", help="html: the class's page without learners'.")] = False,
) -> int:
    """Report on a class, from its gradebook.

    html writes a page of the class and one of each learner, each a file that needs no other. The formats are described
    in docs/reports.md.
    """
    from grader.classroom import gradebook as gradebooks
    from grader.classroom import roster as rosters
    from grader.report import classdata

    if class_only and format is not Format.html:
        raise BadInput("--class-only is for --format html: leave it out.")
    if class_only and learner:
        raise BadInput("--class-only leaves out what --learner asks for: leave one of them out.")
    people = rosters.read(roster) if roster else rosters.NOBODY
    with gradebooks.opened(gradebook, create=False) as book:
        secret = secret_of(book) if pseudonymous else None
        made = made_of(book, people, exercise or [], secret=secret, each_check=format in EACH_CHECK)
        redact = classdata.Redaction(people, [row.key.learner for row in book.current()], secret) if secret else None
        wanted = _wanted(made, people, learner or [], redact)
        if wanted is not None and format is not Format.html:
            made = classdata.only(made, wanted)
        if format is Format.html:
            _write_pages(book, made, output or Path(FOLDER), wanted, redact, class_only=class_only)
        elif format is Format.gradescope:
            _write_gradescope(made, output or Path(FOLDER))
        else:
            _write(_text(format, made), output)
        if made.caution:
            print(paragraph(made.caution), file=sys.stderr)
    return 0


def secret_of(book: Gradebook) -> str:
    """What this gradebook's pseudonyms are made with: it stays in the gradebook."""
    import secrets

    return book.setting(SECRET, secrets.token_hex(32))


def made_of(
    book: Gradebook, people: Roster, exercises: list[str], *, secret: str | None = None, each_check: bool = False
) -> ClassReport:
    """The class report of these exercises, of all in the gradebook without. Raises BadInput when there are none."""
    from grader import catalog
    from grader.exams import load_exams
    from grader.report import classdata

    wanted = [catalog.find(name).id for name in exercises] if exercises else None
    figures = book.figures(wanted, outcomes=each_check)
    overrides = book.overridden()
    known = {row.exercise for row in figures.attempts} | {exercise for _, exercise in overrides}
    if wanted is None:
        wanted = sorted(known)
    if not wanted or not (known & set(wanted) or people.people):
        raise BadInput("The gradebook has no results of that yet: grade a class first, with grade class.")
    return classdata.build(figures, overrides, people, wanted, load_exams(), secret=secret, made_at=datetime.now(UTC))


def _wanted(made: ClassReport, people: Roster, names: list[str], redact: Redaction | None) -> frozenset[str] | None:
    """The learners meant, by the ids that the report shows; None for everybody."""
    from grader.report import classdata

    if not names:
        return None
    shown = {learner.id for learner in made.learners}
    wanted = set()
    for name in names:
        candidates = people.ids(name)
        candidates += [redact.shown(one) for one in candidates] if redact else []
        found = next((one for one in candidates if one in shown), None)
        if found is None:
            raise BadInput(classdata.nobody(name, shown))
        wanted.add(found)
    return frozenset(wanted)


def _text(format: Format, made: ClassReport) -> str:
    from grader.report import canvas, classjson, classjunit, csvfile, markdown, moodle, nbgradercsv

    texts = {
        Format.csv: csvfile.text,
        Format.json: classjson.text,
        Format.junit: classjunit.text,
        Format.md: markdown.text,
        Format.nbgrader: nbgradercsv.text,
        Format.canvas: canvas.text,
        Format.moodle: moodle.text,
    }
    return texts[format](made)


def _write(text: str, output: Path | None) -> None:
    from grader.report.files import replacing

    if output is None:
        sys.stdout.write(text)
        return
    with replacing(output) as stream:
        stream.write(text)
    print(clean(f"Written: {output}"), file=sys.stderr)


def _write_pages(
    book: Gradebook,
    made: ClassReport,
    folder: Path,
    wanted: frozenset[str] | None,
    redact: Redaction | None,
    *,
    class_only: bool,
) -> None:
    from grader.report import htmlclass

    pages = folder / "learners"
    chosen = [learner for learner in made.learners if wanted is None or learner.id in wanted]
    if made.pseudonymous:
        expected = set() if class_only else {pages / f"{learner.page}.html" for learner in made.learners}
        _refuse_others(folder, expected | ({folder / "index.html"} if wanted is None else set()))
    if wanted is None:
        _write_file(folder / "index.html", htmlclass.text(made, links=not class_only))
    if not class_only:
        with console(stderr=True).status("writing pages") as status:
            for count, (path, text) in enumerate(_pages(book, made, chosen, redact), start=1):
                _write_file(pages / path, text)
                status.update(f"writing pages: {count} of {len(chosen)}")
    if wanted is None:
        more = "" if class_only else f", and {len(chosen)} pages of learners"
        print(clean(f"Written: {folder / 'index.html'}{more}"))
    else:
        for learner in chosen:
            print(clean(f"Written: {pages / learner.page}.html"))


def _pages(
    book: Gradebook, made: ClassReport, chosen: list[Learner], redact: Redaction | None
) -> Iterator[tuple[str, str]]:
    """Learners' pages with their file names, one at a time: a class's scorecards need not fit into memory."""
    from grader.exams import load_exams
    from grader.report import htmllearner, learnerdata

    exams = load_exams()
    attempts = defaultdict(list)
    for attempt in book.history(learner=chosen[0].id if len(chosen) == 1 and not redact else None):
        attempts[redact.shown(attempt.key.learner) if redact else attempt.key.learner].append(attempt)
    for learner in chosen:
        numbers = [result.attempt for result in learner.results if result.attempt is not None]
        cards = {number: book.card(number) for number in numbers}
        own = attempts[learner.id]
        hide = partial(redact.one, own[0].key.learner) if redact and own else None
        page = learnerdata.build(made, learner, cards, own, exams, hide)
        yield f"{learner.page}.html", htmllearner.text(page)


def _refuse_others(folder: Path, expected: set[Path]) -> None:
    """Pseudonyms are worth nothing beside a file that has the name."""
    others = sorted(str(path) for path in folder.rglob("*") if path not in expected and not path.is_dir())
    if others:
        raise BadInput(
            f"{folder} holds other files ({one_line(others[0])}), which may name learners: "
            "write a pseudonymous report into a folder of its own, with --output."
        )


def _write_gradescope(made: ClassReport, folder: Path) -> None:
    from grader.report import gradescope

    files = {folder / path: text for path, text in gradescope.files(made)}
    if made.pseudonymous:
        _refuse_others(folder, set(files))
    for path, text in files.items():
        _write_file(path, text)
    print(clean(f"Written: {len(files)} files results.json below {folder}"))
    without = sum(result.mark is None for learner in made.learners for result in learner.results)
    if without:
        print(f"{without} without a mark have no file: Gradescope knows no result without a score.")


def _write_file(path: Path, text: str) -> None:
    from grader.report.files import refusal, replacing

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise refusal(path.parent, error, "into ") from error
    with replacing(path) as stream:
        stream.write(text)
