"""Limits on work: CPU time, which a machine that is busy with others does not stretch as it stretches wall time.

What waits does no work. So each limit has a ceiling in wall time as well, PATIENCE times as long.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable

import psutil

PATIENCE = 4
"""How many times as long as its work something may last: until then it gets all its work where the machine leaves it a
quarter of one processor."""

_now = time.monotonic  # A cell may put another in its place.


class Limit:
    """What something may take from now on: ``work`` seconds by ``clock``, and PATIENCE times as long in wall time.

    ``clock`` tells how many seconds of work have been done, or NaN while that can't be told. ``wall`` is another
    ceiling, in seconds.
    """

    def __init__(self, work: float, clock: Callable[[], float], *, wall: float | None = None) -> None:
        self.work = work
        self.wall = PATIENCE * work if wall is None else wall
        self._clock = clock
        self._begun = clock()
        self._started = _now()

    def left(self) -> float:
        """Seconds of wall time until the ceiling, 0 once it is reached."""
        return max(0.0, self._started + self.wall - _now())

    def over(self) -> str | None:
        """What it has taken by now, in words, if that is more than it may."""
        if self._clock() - self._begun > self.work:
            return f"{self.work:g} s of computing"
        return None if self.left() else f"{self.wall:g} s"


def spent(leader: int) -> float:
    """CPU seconds that the process of this id and its descendants have used, NaN if that can't be told.

    What a process has used goes over to its parent when it has ended. What has left the family is not counted.
    """
    with contextlib.suppress(Exception):  # A cell may have spoiled what this needs.
        first = psutil.Process(leader)
        return sum(map(_used, [first, *first.children(recursive=True)]))
    return math.nan


def _used(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error):  # It has ended.
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0
