"""Keeps a lab's workspace going: while the notebook runs, and for what happens once it has ended.

The lab's first process starts the workspace's server and goes on as the notebook in a child. It stays behind itself: it
starts the server anew should that end, and ends with the notebook. If the grader has told it by then what is to happen
afterwards (:mod:`lab_guest.afterwards`), it ends all that the notebook set loose, and sees to that first. What is to
happen comes through a pipe that no other process can read: a notebook that knew of it could prepare for it.
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
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from . import keeper

_PR_SET_DUMPABLE = 4
_EVERY_SECONDS = 0.05
_PAUSE_SECONDS = 0.2
"""Before a server that has ended is started anew."""
_GRACE_SECONDS = 5
"""How long the notebook may take to end, once what happens afterwards is known."""


def keep(config: dict[str, Any], orders: int) -> None:
    """Start the workspace and go on in a child process; ``config`` is that of :mod:`lab_guest.boot`.

    ``orders`` is the pipe by which the grader tells what is to happen afterwards.

    Sets in both what Databricks' and MLflow's clients find a workspace by.
    """
    keeper.adopt()
    _hide(True)
    server = Server(Path(config["root"]), config["limits"])
    os.environ |= server.address
    server.start()
    notebook = os.fork()
    if notebook == 0:
        server.listener.close()
        _hide(False)
        keeper.settle_child()
        return
    signal.signal(signal.SIGTERM, lambda *_: keeper.end(1))
    keeper.end_with_parent()
    _watch(server, notebook, orders, config["limits"]["settle_seconds"])


class Server:
    """The workspace's server, on a socket that is kept here: whoever calls while it comes up, or up again, waits."""

    def __init__(self, root: Path, limits: dict[str, float] | None, port: int = 0, token: str = "") -> None:
        self.root = root
        self.limits = limits
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        host = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        token = token or f"dapi{secrets.token_hex(16)}"
        self.address = {
            "DATABRICKS_HOST": host,
            "DATABRICKS_TOKEN": token,
            "MLFLOW_TRACKING_URI": host,
            "MLFLOW_TRACKING_TOKEN": token,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, without waiting until it is ready."""
        descriptor = str(self.listener.fileno())
        where = ["--fd", descriptor, "--store", str(self.root / "mlflow.db"), "--root", str(self.root)]
        self.process = subprocess.Popen(
            [sys.executable, "-s", "-m", "lab_workspace", *where, "--limits", json.dumps(self.limits)],
            pass_fds=[self.listener.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.address},
            cwd=self.root,
            start_new_session=True,  # The stop button of a cell is not for the server.
        )

    def revive(self) -> None:
        """Start it anew if it has ended."""
        if self.process is None or self.process.poll() is not None:
            time.sleep(_PAUSE_SECONDS)
            self.start()


def _watch(server: Server, notebook: int, orders: int, settle_seconds: float) -> None:
    """Stay until the notebook has ended, and what is to happen afterwards has happened. Ends this process."""
    told, complete, deadline = b"", False, float("inf")
    while (status := _reaped().get(notebook)) is None:
        server.revive()
        if complete:
            time.sleep(_EVERY_SECONDS)
        elif select.select([orders], [], [], _EVERY_SECONDS)[0]:
            piece = os.read(orders, 1 << 16)
            told += piece
            complete = not piece
            deadline = time.monotonic() + _GRACE_SECONDS if complete and told else deadline
        if time.monotonic() > deadline:
            os.kill(notebook, signal.SIGKILL)
    if complete and told:
        _afterwards(server, json.loads(told), settle_seconds)
    keeper.end(os.waitstatus_to_exitcode(status))


def _afterwards(server: Server, steps: list[dict[str, Any]], settle_seconds: float) -> None:
    """End all that the notebook set loose, and see to the steps."""
    from . import afterwards

    server.revive()
    assert server.process is not None
    keeper.end_descendants(spare=server.process.pid)
    work = threading.Thread(
        target=afterwards.perform, args=(steps, server.address, server.root, settle_seconds), daemon=True
    )
    work.start()
    while work.is_alive():
        server.revive()
        work.join(_EVERY_SECONDS)
        _reaped()


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
