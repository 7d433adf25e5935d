"""The logs of processes that run someone else's code: only their ends are read, and only of plain files."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

from grader.evidence import Unreadable, files

TAIL_BYTES = 2000


def tail(path: Path) -> str:
    """The last 2,000 bytes of a log as text. It may be of any size; what is no plain file, or missing, has none."""
    with contextlib.suppress(OSError, Unreadable), files.opened(path, sys.maxsize) as file:
        return end_of(file)
    return ""


def end_of(file: IO[bytes], size: int = TAIL_BYTES) -> str:
    """The last ``size`` bytes of an open file as text."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read(size).decode(errors="replace").strip()
