"""The per-user cache: what is costly to fetch or to make, shared by every checkout and every run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import BadInput

Notify = Callable[[str], None]
"""Takes one line of progress, without a line end."""


def folder(name: str = "") -> Path:
    """The cache folder (or the folder ``name`` in it), made if need be.

    ``GRADER_CACHE_DIR`` moves it; otherwise it is where the system keeps a user's caches.

    Raises:
        BadInput: the folder cannot be made.
    """
    chosen = os.environ.get("GRADER_CACHE_DIR")
    if chosen:
        root = Path(chosen).expanduser().absolute()
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("lab-grader", appauthor=False)
    path = root / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise BadInput(
            f"The cache folder {path} cannot be made ({why.strerror}): set GRADER_CACHE_DIR to one that can."
        ) from None
    return path


@contextmanager
def lock(name: str, notify: Notify) -> Iterator[None]:
    """Hold the cache's lock ``name``; the system lets go of it when the process ends, however it ends.

    Raises:
        BadInput: the cache folder cannot be written.
    """
    path = folder() / f"{name}.lock"
    try:
        file = path.open("a")
    except OSError as why:
        raise BadInput(
            f"The cache folder {path.parent} cannot be written ({why.strerror}): set GRADER_CACHE_DIR to one that can."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            notify(f"Waiting for another grade that prepares the {name} ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
