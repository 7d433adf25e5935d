"""``grade reset ex1``: begin again, with the old work kept."""

from __future__ import annotations

from grader import catalog
from grader.cli import workcopy
from grader.cli.words import ExerciseName, paragraph


def reset(exercise: ExerciseName) -> int:
    """Begin an exercise again; your old file is kept under a dated name."""
    found = catalog.find(exercise)
    kept = workcopy.set_aside(found)
    workcopy.ensure(found)
    if kept is not None:
        print(paragraph(f"Your work is kept as {kept}"))
    print(paragraph(f"{workcopy.path_of(found)} is the starter again."))
    return 0
