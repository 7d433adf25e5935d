"""``grade show ex1``: the brief."""

from __future__ import annotations

from typing import Annotated

import typer

from grader import catalog
from grader.cli.words import ExerciseName, console


def show(
    exercise: ExerciseName,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Print plain text (as NO_COLOR=1 does).")
    ] = False,
) -> int:
    """What an exercise asks for."""
    text = catalog.find(exercise).brief.read_text(encoding="utf-8")
    out = console(no_color=no_color)
    if not out.is_terminal:
        print(text, end="")  # Markdown is its own best form in a pipe
        return 0
    from rich.markdown import Markdown

    out.print(Markdown(text), width=min(out.width, 100))
    return 0
