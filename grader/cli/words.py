"""What the verbs share in speaking to a person: our own name, exercise names, plain paragraphs, colours."""

from __future__ import annotations

import difflib
import os
import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from grader import catalog
from grader.catalog import Exercise
from grader.errors import BadInput
from grader.text import clean

if TYPE_CHECKING:
    from rich.console import Console


def command() -> str:
    """How the user called us. The launcher at the root of a checkout says so in GRADE_COMMAND."""
    return os.environ.get("GRADE_COMMAND", "grade")


def exercise_ids(incomplete: str) -> list[tuple[str, str]]:
    """Shell completion: the exercises, with their titles."""
    return [(e.id, e.title) for e in catalog.all_exercises() if e.id.startswith(incomplete)]


def check_ids(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Shell completion: the checks of the exercise that was named before."""
    try:
        exercise = catalog.find(str(ctx.params.get("exercise")))
    except BadInput:
        return []
    return [(c.id, c.title) for c in exercise.checks if c.id.startswith(incomplete)]


ExerciseName = Annotated[
    str, typer.Argument(metavar="EXERCISE", help="Its id, such as ex1.", autocompletion=exercise_ids)
]


def exercise_or_verb(word: str, verbs: list[str]) -> Exercise:
    """The exercise of that name. Raises BadInput with the nearest names, those of ``verbs`` included."""
    try:
        return catalog.find(word)
    except BadInput:
        near = difflib.get_close_matches(word, verbs, n=2, cutoff=0.6)
        if not near:
            raise
        raise BadInput(f"There is no exercise and no command '{word}'. Did you mean {' or '.join(near)}?") from None


def paragraph(text: str, indent: str = "", hang: str | None = None) -> str:
    """``text``, cleaned and wrapped to the terminal's width: its first line after ``indent``, others after ``hang``."""
    width = max(min(shutil.get_terminal_size().columns, 100), 30)
    return textwrap.fill(
        clean(text),
        width,
        initial_indent=indent,
        subsequent_indent=" " * len(indent) if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def console(*, stderr: bool = False, no_color: bool = False) -> Console:
    """A rich console that prints what it is given literally: no markup, no highlighting, no emoji codes."""
    from rich.console import Console

    # NO_COLOR and --no-color mean no escape sequences at all, not merely no hues.
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    options = {"stderr": stderr, "markup": False, "highlight": False, "emoji": False}
    return Console(color_system=None, **options) if plain else Console(**options)  # type: ignore[arg-type]
