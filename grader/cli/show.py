"""``grade show ex1``: the brief."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from grader import catalog
from grader.cli.words import ExerciseName, console

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


def show(
    exercise: ExerciseName,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print plain text (as NO_COLOR=1 does).")] = False,
) -> int:
    """What an exercise asks for."""
    text = catalog.find(exercise).brief.read_text(encoding="utf-8")
    out = console(no_color=no_color)
    if not out.is_terminal:
        print(text, end="")  # Markdown is its own best form in a pipe
        return 0
    out.print(_rendered(text), width=min(out.width, 100))
    return 0


def _rendered(text: str) -> RenderableType:
    """Markdown whose tables wrap a long name instead of cutting it: a file's name is needed whole."""
    from rich.markdown import Markdown, TableElement
    from rich.table import Table

    class WholeTable(TableElement):
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for part in super().__rich_console__(console, options):
                if isinstance(part, Table):
                    for column in part.columns:
                        column.overflow = "fold"
                yield part

    class WholeMarkdown(Markdown):
        elements = Markdown.elements | {"table_open": WholeTable}

    return WholeMarkdown(text)
