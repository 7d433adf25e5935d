"""The scorecard for a person at a terminal, or in a pipe: plain lines that read well at any width.

Everything is a label with text hanging beside it, so one helper lays out all of it. What matters most
stands last, where the eye is when the command ends: first what went wrong, then points, then the next step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from grader.catalog import Exercise
from grader.exams import load_exams
from grader.lab.record import RAISED, CellRecord
from grader.scoring import Scorecard, ScoredCheck
from grader.text import one_line

FULL = 5
"""So many failed cells and checks are told in full; the rest are named, and ``grade hint`` tells of a check."""

BREACH = {
    "timeout": "ran too long",
    "memory": "took too much memory",
    "output": "printed too much",
    "disk": "wrote too much to disk",
    "processes": "started too many processes",
    "died": "ended the notebook's process",
}

LONGEST_MESSAGE = 1000
"""Characters of an error's message. Delta names the option that helps at the end of three sentences."""
PRINTED_LINES = 10
"""How many lines are shown of what a cell printed before it raised."""

Row = tuple[str, str]
"""A label and what it labels."""


def render(
    card: Scorecard,
    exercise: Exercise,
    console: Console,
    *,
    command: str = "grade",
    verbose: bool = False,
    timings: bool = False,
) -> None:
    """Print the scorecard. ``command`` is how the learner calls us; ``verbose`` tells every check in full."""
    _print_text(
        console,
        Text.assemble((f"{exercise.id} {exercise.title}", "bold"), "  ", one_line(card.submission.path)),
    )
    if card.status == "graded":
        _print_cells(card, console, verbose)
        _print_not_reached(card, console)
        _print_failed(card, exercise, console, command, verbose)
        _print_warnings(card, console, verbose)
        if verbose:
            _print_printed(card, console)
            _print_passed(card, console)
        _print_topics(card, console)
        _print_exams(card, console)
    if timings:
        _print_timings(card, console)
    console.print()
    _print_text(console, _circumstances(card, command))
    _print_text(console, _next_step(card, exercise, command))


def _print_cells(card: Scorecard, console: Console, verbose: bool) -> None:
    """Each cell that did not end well, once: the learner's own line, and the checks it cost."""
    raised = [cell for cell in card.cells if cell.outcome in RAISED]
    told = raised if verbose else raised[:FULL]
    for cell in told:
        lost = _lost_to(card, [cell])
        _print_finding(
            console,
            "failed",
            _heading(_cell_story(cell), sum(check.points for check in lost)),
            [*_cell_details(cell), *_named("costs", lost)],
        )
    rest = raised[len(told) :]
    if rest:  # most often they stumble over what the first ones left
        lost = _lost_to(card, rest)
        heading = f"{_counted(len(rest), 'more cell')} did not end well"
        cells = ", ".join(str(cell.index) for cell in rest)
        _print_finding(
            console,
            "failed",
            _heading(heading, sum(check.points for check in lost)),
            [("cells", cells), *_named("cost", lost)],
        )
    unrun = [cell.index for cell in card.cells if cell.outcome == "not_run"]
    if unrun:
        what = f"cell {unrun[0]}" if len(unrun) == 1 else f"cells {unrun[0]} to {unrun[-1]}"
        _print_finding(console, "not_reached", Text(f"The notebook ended before {what}", style="bold"))


def _cell_story(cell: CellRecord) -> str:
    if cell.outcome == "error":
        return f"Cell {cell.index} raised {one_line(cell.error.name, 80) if cell.error else 'an error'}"
    return f"Cell {cell.index} {BREACH[cell.outcome]}"


def _cell_details(cell: CellRecord) -> Iterable[Row]:
    yield "cell", one_line(cell.title, 120)
    if cell.error is not None:
        if cell.error.message:
            yield "message", one_line(cell.error.message, LONGEST_MESSAGE)
        if cell.error.line is not None:
            yield f"line {cell.error.line}", one_line(cell.error.source or "", 160)
    if cell.printed:
        yield "printed", "\n".join(cell.printed.splitlines()[-PRINTED_LINES:])


def _lost_to(card: Scorecard, cells: Iterable[CellRecord]) -> list[ScoredCheck]:
    indices = {cell.index for cell in cells}
    return [c for c in card.checks if c.outcome == "not_reached" and c.cell in indices]


def _print_not_reached(card: Scorecard, console: Console) -> None:
    """The checks that hang on something else than a cell that was told already, by what they hang on."""
    told = {cell.index for cell in card.cells if cell.outcome in RAISED}
    groups: dict[str, list[ScoredCheck]] = {}
    for check in card.checks:
        if check.outcome == "not_reached" and check.cell not in told:
            groups.setdefault(one_line(check.found or "the notebook did not get that far"), []).append(check)
    for reason, checks in groups.items():
        heading = f"{_counted(len(checks), 'check')} not reached"
        rows = [("because", reason), *_named("checks", checks)]
        _print_finding(console, "not_reached", _heading(heading, sum(c.points for c in checks)), rows)


def _named(label: str, checks: Sequence[ScoredCheck]) -> Iterable[Row]:
    """A few checks by their titles, many by their ids."""
    if len(checks) > FULL:
        yield label, _ids(checks)
    else:
        for check in checks:
            yield label, check.title
            label = ""


def _print_failed(card: Scorecard, exercise: Exercise, console: Console, command: str, verbose: bool) -> None:
    """Each failed check; those that failed for the same reason together, as several do for a table that is missing."""
    groups: dict[tuple[str | None, str | None], list[ScoredCheck]] = {}
    for check in card.checks:
        if check.outcome == "failed":
            groups.setdefault((check.expected, check.found), []).append(check)
    failed = list(groups.values())
    told = failed if verbose else failed[:FULL]
    for checks in told:
        check = checks[0]
        rows: list[Row] = []
        if check.expected:
            rows.append(("expected", one_line(check.expected)))
        if check.found:
            rows.append(("found", one_line(check.found)))
        if len(checks) > 1:
            rows += _named("checks", checks)
        places = list(dict.fromkeys(_place(card, exercise, one) for one in checks))
        rows += [("" if number else "look at", place) for number, place in enumerate(places[:FULL])]
        rows.append(("hint", f"{command} hint {card.exercise} {check.id}"))
        title = check.title if len(checks) == 1 else f"{len(checks)} checks failed for the same reason"
        _print_finding(console, "failed", _heading(title, sum(one.points for one in checks)), rows)
    rest = [check for checks in failed[len(told) :] for check in checks]
    if rest:
        heading = _heading(f"{_counted(len(rest), 'more check')} failed", sum(check.points for check in rest))
        how = f"{command} hint {card.exercise} CHECK"
        _print_finding(console, "failed", heading, [("checks", _ids(rest)), ("details", how)])


def _place(card: Scorecard, exercise: Exercise, check: ScoredCheck) -> str:
    """Where to look: the cell, or the task of the brief for which there is no cell yet."""
    for cell in card.cells:
        if cell.index == check.cell:
            return f"cell {cell.index}, {one_line(cell.title, 100)}"
    task = exercise.check(check.id).task
    return f"task {task} of the brief, {exercise.tasks[task]}"


def _print_printed(card: Scorecard, console: Console) -> None:
    """What the cells printed that ended well; of the others it is told where they are."""
    for cell in card.cells:
        if cell.printed and cell.outcome not in RAISED:
            _print_finding(console, "passed", Text(f"Cell {cell.index} printed", style="bold"), [("", cell.printed)])


def _print_passed(card: Scorecard, console: Console) -> None:
    console.print()
    for check in card.checks:
        if check.outcome == "passed":
            _print_text(console, Text(check.title), _mark(console, "passed") + " ")


def _print_warnings(card: Scorecard, console: Console, verbose: bool) -> None:
    """Each different warning once, with the first cell that gave it: many cells may use what is deprecated."""
    told: dict[str, int] = {}
    for cell in card.cells:
        for warning in cell.warnings:
            told.setdefault(warning, cell.index)
    shown = list(told.items()) if verbose else list(told.items())[:FULL]
    if not shown:
        return
    console.print()
    for warning, index in shown:
        _print_text(console, Text(one_line(warning, 200)), Text(f"Warning in cell {index}: "))
    if len(told) > len(shown):
        _print_text(console, Text(f"{_counted(len(told) - len(shown), 'more warning')}: --verbose shows them"))


def _print_topics(card: Scorecard, console: Console) -> None:
    console.print()
    _print_text(console, Text("Points by topic", style="bold"))
    for topic in card.topics:
        _print_text(console, Text(topic.title), _points(topic.score, topic.max_score))
    _print_text(console, Text("Total", style="bold"), _points(card.score or 0, card.max_score))


def _print_exams(card: Scorecard, console: Console) -> None:
    """The sections that this exercise practises, under the title of their exam."""
    titles = {exam.id: exam.title for exam in load_exams()}
    for exam in card.exams:
        console.print()
        _print_text(console, Text(titles.get(exam.exam, exam.exam), style="bold"))
        for section in exam.sections:
            if section.max_score:
                title = Text.assemble(section.title, (f" ({section.weight} % of the exam)", "dim"))
                _print_text(console, title, _points(section.score, section.max_score))


def _print_timings(card: Scorecard, console: Console) -> None:
    console.print()
    _print_text(console, Text("Seconds", style="bold"))
    for name, seconds in card.timings.items():
        _print_text(console, Text(one_line(name)), Text(f"{seconds:8.2f}  "))
    for cell in card.cells:
        if cell.outcome not in ("text", "not_run"):
            title = Text(f"cell {cell.index}, {one_line(cell.title, 100)}", style="dim")
            _print_text(console, title, Text(f"{cell.seconds:8.2f}  "))


def _circumstances(card: Scorecard, command: str) -> Text:
    isolation = {
        "sandbox": "Ran in a sandbox.",
        "process": f"Ran as a plain process, without a sandbox: see {command} doctor.",
        None: "Did not run.",
    }[card.isolation]
    return Text(f"{isolation} Seed {card.seed}.", style="dim")


def _next_step(card: Scorecard, exercise: Exercise, command: str) -> Text:
    if card.status == "not_graded":
        reason = one_line(card.reason or "the judge gave no reason").rstrip(".")
        return Text.assemble(("Not graded: ", "bold red"), f"{reason}. It costs you no points.")
    if card.passed:
        return Text.assemble(("All checks passed. ", "bold green"), f"What else there is: {command} list")
    raised = [cell for cell in card.cells if cell.outcome in RAISED]
    broken = [cell for cell in raised if not cell.compiled]
    if raised:
        cell = [*broken, *raised][0]
        line = f", line {cell.error.line}," if cell.error and cell.error.line is not None else ""
        why = " It does not compile, so nothing in it ran." if broken else ""
        step = f"mend cell {cell.index}{line} and grade again.{why}"
    else:
        check = next(check for check in card.checks if check.outcome != "passed")
        place = _place(card, exercise, check).partition(",")[0]
        step = f"{place}. Hint: {command} hint {card.exercise} {check.id}"
    return Text.assemble(("Next: ", "bold cyan"), step)


def _print_finding(console: Console, outcome: str, heading: Text, rows: Iterable[Row] = ()) -> None:
    """A marked heading after a blank line, and what belongs to it below, its labels in a column."""
    console.print()
    _print_text(console, heading, _mark(console, outcome) + " ")
    rows = list(rows)
    column = max((len(label) for label, _ in rows), default=0)
    for label, text in rows:
        _print_text(console, Text(text), Text("  ") + Text(f"{label:{column}}  ", style="dim"))


def _print_text(console: Console, text: Text, lead: Text | None = None) -> None:
    """``text``, its first line after ``lead`` and the others as far to the right; no blanks at line ends."""
    lead = lead or Text()
    margin = lead.cell_len
    for line in text.wrap(console, max(console.width - margin, 10), overflow="fold"):
        line.rstrip()
        console.print(Text.assemble(lead, line), soft_wrap=True)
        lead = Text(" " * margin)


def _mark(console: Console, outcome: str) -> Text:
    symbol, ascii_symbol, style = {
        "passed": ("✓", "+", "green"),
        "failed": ("✗", "x", "red"),
        "not_reached": ("–", "-", "yellow"),
    }[outcome]
    return Text(ascii_symbol if console.options.ascii_only else symbol, style=style)


def _points(score: int, max_score: int) -> Text:
    style = "green" if score == max_score else "yellow" if score else "red"
    return Text(f"{score:>4} of {max_score:>2}  ", style=style)


def _heading(text: str, points: int) -> Text:
    worth = f"  {_counted(points, 'point')}" if points else ""
    return Text.assemble((text, "bold"), (worth, "dim"))


def _ids(checks: Iterable[ScoredCheck]) -> str:
    return ", ".join(check.id for check in checks)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
