"""Watches a running lab from outside for what its own process limits can't hold: sums over all its processes.

A breach ends the lab at once; which limit it was is told to the cell that ran.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil

from grader.lab.limits import Limits
from grader.lab.record import CellOutcome

EVERY_SECONDS = 0.05
LOOK_EVERY = 5
"""At which turn to look closely, unless tasks multiply; the files at every fourth close look."""
SWEEP_SECONDS = 5
SUM_SECONDS = 0.2
"""How long to wait for a sum of memory before looking at the rest again."""


class Watch:
    """Looks at a lab's processes and at the folders it may write to, several times a second."""

    def __init__(self, process_id: int, folders: Iterable[Path], limits: Limits) -> None:
        self._folders = tuple(folders)
        self._limits = limits
        self._task: asyncio.Task[None] | None = None
        self._seen: dict[int, psutil.Process] = {}
        """Processes of the lab that run, those too that have left its family since."""
        self._sums = ThreadPoolExecutor(max_workers=1)
        self._sum: Future[int] | None = None
        self._lead: psutil.Process | None = None
        with contextlib.suppress(psutil.NoSuchProcess):
            self._lead = psutil.Process(process_id)
        self.breach: tuple[CellOutcome, str] | None = None
        self.breached = asyncio.Event()
        self.ended = False
        """Whether the notebook's process has been ended, by a cell or for a limit."""

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._look())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def sweep(self) -> None:
        """End every process of the lab and wait until they are gone.

        Its first process takes the others with it when it is told to end: bubblewrap by its nature, without a
        sandbox because of ``lab_guest.keeper``. What is left then is ended one by one.
        """
        family = {*self._family(), *self._seen.values()}
        if self._lead:
            _end([self._lead], signal.SIGTERM)
        deadline = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < deadline:
            family |= set(self._family())
            others = [process for process in family if process != self._lead and _runs(process)]
            if not others:
                break
            _end(others, signal.SIGKILL)
        if self._lead:
            _end([self._lead], signal.SIGKILL)

    async def _look(self) -> None:
        turn, usual = 0, _tasks()
        while self.breach is None:
            tasks = _tasks()
            if turn % LOOK_EVERY == 0 or tasks > usual + self._limits.processes / 4:
                usual = tasks
                self.breach = self.processes() or (self._files() if turn % (4 * LOOK_EVERY) == 0 else None)
            turn += 1
            if self.breach:
                self.ended = True
                self.sweep()
                self.breached.set()
                return
            await asyncio.sleep(EVERY_SECONDS)

    def _family(self) -> list[psutil.Process]:
        if self._lead is None:
            return []
        try:
            return [self._lead, *self._lead.children(recursive=True)]
        except (psutil.Error, OSError):
            return []

    def processes(self) -> tuple[CellOutcome, str] | None:
        """Which limit the lab's processes are over by now, if they are."""
        family = self._family()
        known = {process.pid for process in family}
        # What has ended is forgotten: a lab may start processes without end.
        self._seen = {pid: process for pid, process in self._seen.items() if pid in known or _runs(process)}
        tasks = memory = opened = 0
        for process in family:
            with contextlib.suppress(psutil.Error, OSError):
                self._seen[process.pid] = process
                tasks += process.num_threads()
                memory += process.memory_info().rss
                opened += process.num_fds()
        limits = self._limits
        if tasks > limits.processes:
            return "processes", f"the lab ran {tasks} processes and threads; it may run {limits.processes:g}"
        if opened > limits.open_files:
            return "processes", f"the lab had {opened} files and sockets open; it may have {limits.open_files:g}"
        most = limits.lab_memory_mb * (1 << 20)
        if memory > most:
            memory = self._shared_once(family)  # what processes share was counted more than once
        if memory > most:
            return "memory", f"the lab took {memory >> 20} MB of memory; it may take {limits.lab_memory_mb:g}"
        return None

    def _shared_once(self, family: list[psutil.Process]) -> int:
        """The memory that the family takes together, in bytes; 0 as long as that can't be told.

        To sum up a process's memory the system waits until it changes nothing in it, which among many that
        multiply takes seconds: no reason not to count them meanwhile.
        """
        self._sum = self._sum or self._sums.submit(lambda: sum(map(_own_memory, family)))
        with contextlib.suppress(TimeoutError):
            memory = self._sum.result(SUM_SECONDS)
            self._sum = None
            return memory
        return 0

    def _files(self) -> tuple[CellOutcome, str] | None:
        """Sum up the lab's folders, stopping as soon as it is too much."""
        size = 0
        limits = self._limits
        for count, blocks in enumerate(_blocks(self._folders), start=1):
            if blocks is None:
                return "disk", "the lab made folders too deep to be measured"
            size += blocks * 512
            if size > limits.disk_mb * (1 << 20):
                return "disk", f"the lab wrote more than {limits.disk_mb:g} MB to disk"
            if count > limits.files:
                return "disk", f"the lab made more than {limits.files:g} files"
        return None


def _tasks() -> int:
    """How many processes and threads the machine has: cheap to read, and enough to look closely in time."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return 0


def _runs(process: psutil.Process) -> bool:
    """Whether it is there and no zombie. psutil knows it by id and start time: a reused id is another's."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _end(processes: list[psutil.Process], how: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            process.send_signal(how)
    deadline = time.monotonic() + 1
    while any(map(_runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _own_memory(process: psutil.Process) -> int:
    """Its proportional share of memory where the system tells it, else all that it has mapped."""
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.uss))
    except (psutil.Error, OSError):
        with contextlib.suppress(psutil.Error, OSError):
            return int(process.memory_info().rss)
        return 0


def _blocks(folders: Iterable[Path]) -> Iterator[int | None]:
    """Disk blocks (of 512 bytes) of each file and folder, without recursion; None where a path is too long."""
    waiting = [str(folder) for folder in folders]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.stat(follow_symlinks=False).st_blocks
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                yield None
