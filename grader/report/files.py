"""Report files: whole or not there at all, and known to be writable before any work is done for them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from grader.errors import BadInput


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A stream whose text becomes the file at ``path`` when the block ends well, and nothing otherwise.

    The file is written under a temporary name beside its place, so that nobody ever reads half of it.
    What is no ordinary file (``/dev/stdout``, a named pipe) is written directly.
    Raises BadInput at once, before the block runs, if ``path`` can't be written.
    """
    try:
        special = not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        special = False
    if special:
        with _opened(path, path, "w") as stream:
            yield stream
        return
    place = path.resolve()
    draft = place.with_name(f".{place.name}.{os.getpid()}.part")
    stream = _opened(draft, path, "x")
    try:
        with stream:
            yield stream
        draft.replace(place)
    finally:
        # Gone already if the replacement took place.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _opened(path: Path, named: Path, mode: str) -> TextIO:
    try:
        return path.open(mode, encoding="utf-8")  # type: ignore[return-value]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadInput(f"Can't write {named}: {reason}.") from error
