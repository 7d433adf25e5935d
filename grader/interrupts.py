"""Being interrupted where it does no harm.

Python raises KeyboardInterrupt between any two steps of the main thread. Within ``concurrent.futures`` or an event loop
that may leave a lock held for ever, or a process that nobody knows of.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 30.0
"""Seconds that an interrupted grading has to take its lab down before its process is ended."""


def once(number: int, _frame: FrameType | None) -> None:
    """A signal's handler that raises KeyboardInterrupt, and ignores the signal from then on: what cleans up after the
    first is not interrupted in that."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextlib.contextmanager
def instead(call: Callable[[], object]) -> Iterator[None]:
    """Have ``call`` called, in the main thread, whenever KeyboardInterrupt would be raised.

    Signals that are ignored or handled otherwise stay so, and other threads are never interrupted anyway.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        handlers: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in SIGNALS}
        before = {number: how for number, how in handlers.items() if how in (signal.default_int_handler, once)}

    def interrupted(number: int, _frame: FrameType | None) -> None:
        if before[signal.Signals(number)] is once:
            before[signal.Signals(number)] = signal.SIG_IGN
        call()

    for number in before:
        signal.signal(number, interrupted)
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)


def end(processes: Iterable[BaseProcess], how: signal.Signals) -> None:
    """Interrupt gradings by a signal, wait until their labs are down, and end what does not heed."""
    alive = [process for process in processes if process.is_alive() and process.pid is not None]
    for process in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid or 0, how)
    deadline = time.monotonic() + PATIENCE
    for process in alive:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
