"""Keeps a lab's workspace going: while the notebook runs, and for what happens once it has ended.

The lab's first process goes on as the notebook in a child and stays behind itself. It starts the workspace's server,
starts it anew should that end, and ends with the notebook. If the grader has said by then what is to happen afterwards
(:mod:`lab_guest.afterwards`), it ends everything that the notebook has started, and sees to that first.

The grader's orders come through a socket that no other process can use: a notebook that knew them could prepare for
them. Through the same socket the house reports what the server has truly delivered to webhooks since the notebook
ended. It has that from the server, by a pipe. A file in the lab's folder is no evidence of it, since any job can write
there. So house and server are hidden from all other processes, and the server is forked from the house: a process that
is executed can be looked into, and would look for its modules anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import afterwards, keeper

_PR_SET_DUMPABLE = 4
_EVERY_SECONDS = 0.05
_SWEEP_SECONDS = 0.5
"""How often to end what jobs have left behind; each time it looks at all processes."""
_PAUSE_SECONDS = 0.2
"""Before a server that has ended is started anew."""
_GRACE_SECONDS = 15
"""How long the notebook may take to end, once what happens afterwards is known: it keeps runs that were left open."""
_PIECE = 1 << 16


def take_orders() -> socket.socket:
    """The grader's socket, which it passes through standard input (``grader.lab.orders``).

    It is not standard input itself: bubblewrap's own process in the sandbox keeps that open, within the lab's reach.
    """
    with socket.socket(fileno=os.dup(0)) as given:
        _, (descriptor,), _, _ = socket.recv_fds(given, 1, 1)
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def keep(config: dict[str, Any], orders: socket.socket) -> None:
    """Start the workspace and go on in a child process; ``config`` is that of :mod:`lab_guest.boot`.

    Sets in both what Databricks' and MLflow's clients find a workspace by.
    """
    keeper.adopt()
    _hide(True)
    reports, reporting = os.pipe()
    os.set_blocking(reports, False)
    server = Server(Path(config["root"]), config["limits"], report=reporting)
    os.environ |= server.address
    notebook = os.fork()
    if notebook == 0:
        server.listener.close()
        orders.close()
        os.close(reports)
        os.close(reporting)
        _hide(False)
        keeper.settle_child()
        return
    signal.signal(signal.SIGTERM, lambda *_: keeper.end(1))
    keeper.end_with_parent()
    server.start()
    _watch(server, notebook, orders, reports, config["limits"]["settle_seconds"])


class Server:
    """The workspace's server, on a socket that is kept here: whoever calls while it comes up, or up again, waits.

    It is a child of this process, which must have no other thread. ``report`` is a descriptor that it writes to after
    each delivery to a webhook (``lab_workspace.delivery``), None where nobody asks.
    """

    def __init__(
        self,
        root: Path,
        limits: dict[str, float] | None,
        port: int = 0,
        token: str = "",
        *,
        report: int | None = None,
    ) -> None:
        self.root = root
        self.limits = limits
        self.report = report
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        host = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        token = token or f"dapi{secrets.token_hex(16)}"
        self.address = {
            "DATABRICKS_HOST": host,
            "DATABRICKS_TOKEN": token,
            "MLFLOW_TRACKING_URI": host,
            "MLFLOW_TRACKING_TOKEN": token,
        }
        self.process: int | None = None
        self._key = b""

    def start(self) -> None:
        """Start it, without waiting until it is ready."""
        # Drawn not before now: a notebook that was forked from this process has all that it knew then.
        self._key = self._key or secrets.token_bytes(32)
        kept = [self.listener.fileno(), *([] if self.report is None else [self.report])]
        self.process = _forked(self._serve, kept)

    def _serve(self) -> None:
        from lab_workspace.serving import serve

        os.environ.update(self.address)
        serve(
            self.listener.detach(),
            store=self.root / "mlflow.db",
            root=self.root,
            limits=self.limits,
            key=self._key,
            report=self.report,
        )

    def revive(self) -> None:
        """Start it anew if it has ended."""
        if self.process is None or not _runs(self.process):
            time.sleep(_PAUSE_SECONDS)
            self.start()


def _watch(server: Server, notebook: int, orders: socket.socket, reports: int, settle_seconds: float) -> None:
    """Stay until the notebook has ended, and what is to happen afterwards has happened. Ends this process."""
    told, complete, deadline = b"", False, float("inf")
    while (status := _reaped().get(notebook)) is None:
        server.revive()
        awaited = [reports] if complete else [reports, orders.fileno()]
        if orders.fileno() in select.select(awaited, [], [], _EVERY_SECONDS)[0]:
            piece = orders.recv(_PIECE)
            told += piece
            complete = not piece
            deadline = time.monotonic() + _GRACE_SECONDS if complete and told else deadline
        _hand_on(reports, None)
        if time.monotonic() > deadline:
            os.kill(notebook, signal.SIGKILL)
    if complete and told:
        _afterwards(server, json.loads(told), orders, reports, settle_seconds)
    keeper.end(os.waitstatus_to_exitcode(status))


def _afterwards(
    server: Server, steps: list[dict[str, Any]], orders: socket.socket, reports: int, settle_seconds: float
) -> None:
    """End everything that the notebook has started, and see to the steps in a child.

    Jobs run on: the server has started them. What they leave behind ends.
    """
    server.revive()
    _sweep(server)
    _hand_on(reports, None)
    work = _forked(lambda: afterwards.perform(steps, server.address, server.root, settle_seconds), [])
    swept = time.monotonic()
    while _runs(work):
        server.revive()
        select.select([reports], [], [], _EVERY_SECONDS)
        _hand_on(reports, orders)
        if time.monotonic() > swept + _SWEEP_SECONDS:
            _sweep(server, work)
            swept = time.monotonic()
    _hand_on(reports, orders)


def _sweep(server: Server, *others: int) -> None:
    """End all descendants but the server, these others and what they have started."""
    keeper.end_descendants(spare={server.process, *others})


def _hand_on(reports: int, grader: socket.socket | None) -> None:
    """Pass on what the server has reported by now; with None it is let go, since the notebook still runs."""
    with contextlib.suppress(OSError):  # nothing more for now, or the grader is gone
        while piece := os.read(reports, _PIECE):
            if grader:
                grader.sendall(piece)


def _forked(work: Callable[[], None], descriptors: list[int]) -> int:
    """Do ``work`` in a child process, hidden as this one is, and return its id at once.

    The child keeps these descriptors and the standard ones, and nothing of this process's signal handlers.
    """
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()  # The stop button of a cell is not for it.
        keeper.end_with_parent()
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        _close_all_but(descriptors)
        os.chdir("/")
        work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _close_all_but(descriptors: list[int]) -> None:
    first = 3
    for descriptor in sorted(descriptors):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _runs(child: int) -> bool:
    """Whether a child has not ended yet."""
    try:
        return os.waitpid(child, os.WNOHANG)[0] == 0
    except ChildProcessError:  # it was reaped with others
        return False


def _reaped() -> dict[int, int]:
    """The children that have ended since the last look, with their status: adopted ones would stay as zombies."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended[child[0]] = child[1]
    return ended


def _hide(hidden: bool) -> None:
    """Keep other processes of the same user from reading this one's memory and pipes, or let them again."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0 if hidden else 1, 0, 0, 0)
