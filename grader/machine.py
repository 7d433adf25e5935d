"""How much this machine can do at once."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

LAB_GB = 2
"""Memory that a lab with its grading takes, with room to spare: some 0.7 GB for Spark's JVM, as much for Python."""

_CGROUP_LIMIT, _CGROUP_USE = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


def labs_at_once() -> int:
    """How many labs to raise side by side: one for each core, if there is memory for them, and one at least."""
    return max(1, min(cores(), free_bytes() // (LAB_GB << 30)))


def cores() -> int:
    """The cores that this process may use."""
    with contextlib.suppress(AttributeError):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_bytes() -> int:
    """The memory that is free for this process, by the machine and by its container (Linux control groups, v2)."""
    free = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):
        free = min(free, int(_CGROUP_LIMIT.read_text()) - int(_CGROUP_USE.read_text()))
    return max(0, free)
