"""Keeps a lab's family together where no sandbox does: whatever a cell sets loose ends when the notebook ends.

Linux only. The process that calls :func:`keep` goes on in a child; it stays behind itself as that child's
parent, adopts what loses its own ("child subreaper", prctl(2)), and ends it all once the child has ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> bool:
    """Become the parent of every descendant that loses its own; False where the system knows no such thing."""
    return sys.platform == "linux" and bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def keep() -> None:
    """Go on in a child process. Does nothing where the system can't adopt."""
    if not adopt():
        return
    child = os.fork()
    if child == 0:
        settle_child()
        return
    end_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: end(1))
    status = 0
    with contextlib.suppress(ChildProcessError):
        pid = 0
        while pid != child:
            pid, status = os.wait()
    end(os.waitstatus_to_exitcode(status))


def settle_child() -> None:
    """Make the child that goes on an ordinary process again: its own parent is the one that adopts."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    # What the kernel's own look at its parent goes by.
    os.environ["JPY_PARENT_PID"] = str(os.getppid())


def end_with_parent() -> None:
    """Be told to end (SIGTERM) should this process's own parent end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def end(code: int) -> NoReturn:
    """End every descendant, then this process; a negative code is a signal's number."""
    end_descendants()
    os._exit(code if code >= 0 else 128 - code)


def end_descendants(*, spare: Collection[int | None] = ()) -> None:
    """End every descendant but the children in ``spare`` and what they have started.

    The children of one that is killed become this process's own, once it adopts.
    """
    with contextlib.suppress(ChildProcessError, OSError):
        while children := [child for child in _children() if child not in spare]:
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)


def _children() -> list[int]:
    own = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything; state and parent follow the last one.
                parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
                if int(parent) == os.getpid():
                    own.append(int(folder.name))
    return own
