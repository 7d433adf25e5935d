"""Make the README's picture, from a real run: python docs/picture.py ex1 SUBMISSION docs/result.svg"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from grader import catalog, pipeline
from grader.report import terminal


def main(exercise_id: str, submission: str, picture: str) -> None:
    exercise = catalog.find(exercise_id)
    card = pipeline.grade(exercise, Path(submission), pipeline.Options(seed=7), lambda stage: None)
    console = Console(
        record=True,
        width=92,
        file=io.StringIO(),
        force_terminal=True,
        markup=False,
        highlight=False,
        emoji=False,
    )
    terminal.render(card, exercise, console)
    svg = console.export_svg(title=f"grade {exercise_id}")
    # A picture that fetches nothing: the reader's own monospace font, not one from the web.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    Path(picture).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
