"""Watches a running lab from outside for what its own process limits can't hold: sums over all its processes.

A breach ends the lab at once; which limit it was is told to the cell that ran.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import psutil

from grader.lab.limits import Limits
from grader.lab.record import CellOutcome

EVERY_SECONDS = 0.25


class Watch:
    """Looks at a lab's processes and folder several times a second."""

    def __init__(self, process_id: int, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._task: asyncio.Task[None] | None = None
        self._seen: dict[int, psutil.Process] = {}
        with contextlib.suppress(psutil.NoSuchProcess):
            self._seen[process_id] = psutil.Process(process_id)
        self._lead = self._seen.get(process_id)
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
        """End every process of the lab that was ever seen and still runs (a sandbox leaves none)."""
        for process in self._seen.values():
            # A process that psutil knows by id and start time, so that a reused id hits nobody else.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    async def _look(self) -> None:
        turn = 0
        while self.breach is None:
            self.breach = self._processes() or (self._files() if turn % 4 == 0 else None)
            turn += 1
            if self.breach:
                self.ended = True
                self.sweep()
                self.breached.set()
                return
            await asyncio.sleep(EVERY_SECONDS)

    def _processes(self) -> tuple[CellOutcome, str] | None:
        if self._lead is None:
            return None
        try:
            family = [self._lead, *self._lead.children(recursive=True)]
        except psutil.NoSuchProcess:
            return None
        tasks = memory = 0
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                self._seen[process.pid] = process
                tasks += process.num_threads()
                memory += process.memory_info().rss
        limits = self._limits
        if tasks > limits.processes:
            return "processes", f"the lab ran {tasks} processes and threads; it may run {limits.processes:g}"
        if memory > limits.lab_memory_mb * (1 << 20):
            return "memory", f"the lab took {memory >> 20} MB of memory; it may take {limits.lab_memory_mb:g}"
        return None

    def _files(self) -> tuple[CellOutcome, str] | None:
        """Sum up the lab's folder, stopping as soon as it is too much."""
        size = count = 0
        limits = self._limits
        for folder, folders, files in os.walk(self._root):
            count += len(folders) + len(files)
            for name in files:
                with contextlib.suppress(OSError):
                    size += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118 - a hot loop
            if size > limits.disk_mb * (1 << 20):
                return "disk", f"the lab wrote more than {limits.disk_mb:g} MB to disk"
            if count > limits.files:
                return "disk", f"the lab made more than {limits.files:g} files"
        return None
