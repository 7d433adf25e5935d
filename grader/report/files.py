"""Report files: whole or not there at all, and known to be writable before any work is done for them."""

from __future__ import annotations

import io
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from grader.errors import BadInput


class _Report(io.FileIO):
    """A report's file; a disk that is full is the caller's to mend, and no failure of ours."""

    def __init__(self, path: Path, named: Path, mode: str) -> None:
        self._named = named
        super().__init__(path, mode)

    def write(self, data: Any, /) -> int:
        """Write some of the data. Raises BadInput when the disk is full, or there is no writing to that place."""
        try:
            return super().write(data)
        except BrokenPipeError:  # the reader has gone, which is no fault
            raise
        except OSError as error:
            raise refusal(self._named, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A stream whose text becomes the file at ``path`` when the block ends well, and nothing otherwise.

    The file is written under a temporary name beside its place, so that nobody ever reads half of it.
    What is no ordinary file (``/dev/stdout``, a named pipe) is written directly.
    Raises BadInput at once, before the block runs, if ``path`` can't be written; later, if the disk is full.
    """
    if _is_special(path):
        with _opened(path, path, "w") as stream:
            yield stream
        return
    place = Path(os.path.realpath(path))
    # Not named after the report: that name may be as long as names can be.
    draft = place.with_name(f".{secrets.token_hex(8)}.part")
    stream = _opened(draft, path, "x")
    try:
        with stream:
            yield stream
        try:
            draft.replace(place)
        except OSError as error:
            raise refusal(path, error) from error
    finally:
        # Gone already if the replacement took place.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def refusal(path: Path, error: OSError | ValueError, into: str = "") -> BadInput:
    """What to say to a person of a place that can't be written (or, with ``into``, written into)."""
    if isinstance(error, IsADirectoryError):
        return BadInput(f"Can't write {path}: it is a folder, and the report needs a file's name.")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BadInput(f"Can't write {into}{path}: {reason.lower()}.")


def _is_special(path: Path) -> bool:
    """Whether there is something in the place that is no ordinary file. Raises BadInput when there can't be any."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:  # a name that no file can have, or links that lead to themselves
        raise refusal(path, error) from error


def _opened(path: Path, named: Path, mode: str) -> TextIO:
    try:
        return io.TextIOWrapper(io.BufferedWriter(_Report(path, named, mode)), encoding="utf-8")
    except OSError as error:
        raise refusal(named, error) from error
