"""The learner's working copy of an exercise: ``work/<name>.py``, made from the starter."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from grader.catalog import Exercise
from grader.errors import BadInput
from grader.progress import WORK


def path_of(exercise: Exercise) -> Path:
    return WORK / f"{exercise.name}.py"


def ensure(exercise: Exercise) -> bool:
    """Make the working copy if there is none; whether it was made. Raises BadInput if it can't be."""
    path = path_of(exercise)
    try:
        path.parent.mkdir(exist_ok=True)
        # "x": never write over what a learner has made, not even in a race.
        with path.open("x", encoding="utf-8") as stream:
            stream.write(exercise.starter.read_text(encoding="utf-8"))
    except FileExistsError:
        if not path.is_file():
            raise BadInput(f"Can't make {path}: something else is in its place.") from None
        return False
    except OSError as error:
        raise BadInput(f"Can't make {path}: {(error.strerror or str(error)).lower()}.") from error
    return True


def set_aside(exercise: Exercise) -> Path | None:
    """Move the working copy to a dated name beside it; that name, or None if there was no copy.

    Raises BadInput if it can't be moved.
    """
    path = path_of(exercise)
    stem = f"{exercise.name}-{datetime.now():%Y-%m-%d-%H%M%S}"
    kept, number = path.with_name(f"{stem}.py"), 1
    try:
        while os.path.lexists(kept):
            number += 1
            kept = path.with_name(f"{stem}-{number}.py")
        path.rename(kept)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"Can't move {path}: {(error.strerror or str(error)).lower()}.") from error
    return kept
