"""The queue: hands work to a ``concurrent.futures.Executor`` and gives results back as they come.

Local processes by default; with Dask a cluster's scheduler. Neither a worker that dies nor a submission that kills it
costs any other result.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from grader import interrupts
from grader.classroom import worker
from grader.classroom.worker import Done, Work
from grader.errors import BadInput
from grader.text import one_line

T = TypeVar("T")
TASKS_PER_PROCESS = 50
"""After so many submissions a worker makes room for a fresh one: whatever a library leaks ends with it."""
CONNECT_SECONDS = 15


@dataclass(frozen=True)
class Failure:
    """No worker could say what became of a submission."""

    reason: str


class Workers:
    """Where work is done: ``width`` pieces at a time, on an executor that can be had anew when it breaks.

    As a context it takes everything down in the end, and interruptions come when a piece of work is waited for, and
    nowhere else: no lock stays held, and no result is half kept.
    """

    def __init__(self, width: int, make: Callable[[], Executor], end: Callable[[Executor], None]) -> None:
        self.width = width
        self._make = make
        self._end = end
        self._executor = make()
        self._finished: SimpleQueue[Future[Done] | None] = SimpleQueue()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Workers:
        # A signal's handler may put into a SimpleQueue, whatever the thread is at.
        self._stack.enter_context(interrupts.instead(lambda: self._finished.put(None)))
        self._stack.callback(lambda: self._end(self._executor))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def submit(self, work: Work) -> Future[Done]:
        """Have a submission graded. Raises BrokenExecutor when a worker has ended of its own."""
        future = self._executor.submit(worker.grade, work)
        future.add_done_callback(self._finished.put)
        return future

    def finished(self) -> Future[Done]:
        """Wait for one that has been graded, or can't be. Raises KeyboardInterrupt when interrupted."""
        future = self._finished.get()
        if future is None:
            raise KeyboardInterrupt
        return future

    def renew(self) -> None:
        """Put a fresh executor in the place of a broken one. All that was submitted is done then, or has failed."""
        self._end(self._executor)
        self._executor = self._make()


def local(jobs: int) -> Workers:
    """Processes of this machine."""
    context = multiprocessing.get_context("spawn")

    def make() -> Executor:
        return ProcessPoolExecutor(
            jobs, mp_context=context, initializer=worker.settle, max_tasks_per_child=TASKS_PER_PROCESS
        )

    def end(executor: Executor) -> None:
        interrupts.end(multiprocessing.active_children(), signal.SIGTERM)
        executor.shutdown(wait=True, cancel_futures=True)

    return Workers(jobs, make, end)


def cluster(address: str) -> Workers:
    """The workers of the Dask scheduler at ``address``. Raises BadInput when there is none."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise BadInput("--cluster needs Dask: install the project with its extra 'cluster'.") from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
        width = sum(client.nthreads().values())
    except (OSError, ValueError, TimeoutError) as error:
        raise BadInput(f"No scheduler answers at {address}: start one with `dask scheduler`.") from error
    if not width:
        client.close()
        raise BadInput(f"The scheduler at {address} has no workers: start some with `dask worker {address}`.")

    def end(executor: Executor) -> None:
        executor.shutdown(wait=False)
        client.close()  # and with it whatever has not begun

    return Workers(width, lambda: client.get_executor(pure=False), end)


@dataclass
class _Piece(Generic[T]):
    tag: T
    load: Callable[[], Work]
    strikes: int = 0


def run(pieces: list[tuple[T, Callable[[], Work]]], workers: Workers) -> Iterator[tuple[T, Done | Failure]]:
    """Have all pieces of work done; each comes with a tag and a function that loads it when its turn has come.

    When a worker's process ends of its own, what was under way is done again, one after another, so that only what
    ends it once more is given up.
    """
    waiting = deque(_Piece(tag, load) for tag, load in pieces)
    running: dict[Future[Done], _Piece[T]] = {}
    while waiting or running:
        # What is done again stands before all that is new.
        alone = any(piece.strikes for piece in (*running.values(), *islice(waiting, 1)))
        while waiting and len(running) < (1 if alone else workers.width):
            piece = waiting.popleft()
            try:
                work = piece.load()
            except Exception as problem:
                yield piece.tag, Failure(f"it can't be read ({getattr(problem, 'strerror', None) or repr(problem)})")
                continue
            try:
                running[workers.submit(work)] = piece
            except BrokenExecutor:
                waiting.appendleft(piece)
                if running:  # They tell of it too.
                    break
                workers.renew()
        if not running:  # the last ones could not be loaded
            continue
        ended = [workers.finished()]
        if ended[0] not in running:  # from an executor that broke
            continue
        if isinstance(ended[0].exception(), BrokenExecutor):
            workers.renew()
            ended = list(running)
        broken: list[_Piece[T]] = []
        for future in ended:
            piece = running.pop(future)
            error = future.exception()
            if error is None:
                yield piece.tag, future.result()
            elif isinstance(error, BrokenExecutor):
                broken.append(piece)
            else:
                yield piece.tag, Failure(_told(error))
        if len(broken) == 1 and broken[0].strikes:
            yield broken.pop().tag, Failure("the process that graded it ended, twice")
        for piece in broken:
            piece.strikes += 1
        waiting.extendleft(reversed(broken))


def _told(error: Any) -> str:
    return f"the grader failed on it: {type(error).__name__}: {one_line(str(error), 1000)}"
