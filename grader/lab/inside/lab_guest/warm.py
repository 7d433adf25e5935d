"""Runs one notebook after another in the same sandbox, and keeps warm what takes long to start: imports and the JVM.

For the project's own solutions only. A learner's notebook could change the JVM, and so the next notebook.

Called as ``python -m lab_guest.warm CONFIG``. CONFIG is a JSON file with ``jvm``, ``spark_home``, ``root``,
``scratch``, ``limits`` and ``user`` as :mod:`lab_guest.boot` takes them, ``socket`` (where :mod:`lab_guest.handoff`
calls, once for each notebook) and ``modules`` (what is imported beforehand). Each notebook is a child process with a
new Spark context. When it ends, this process ends everything that it started, and writes a line to standard output. It
also writes a line when it is ready for the first notebook. It ends when its standard input is closed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from . import boot, bounds, keeper, parity, spark

_EVERY_SECONDS = 0.02
_MOST_REQUEST = 1 << 16
_JVM_LOG = "jvm.log"


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    if config["user"] is not None:
        bounds.become(config["user"])
    bounds.confine(config["limits"])
    keeper.adopt()
    signal.signal(signal.SIGTERM, lambda *_: keeper.end(1))
    os.chdir(config["root"])
    scratch = Path(config["scratch"])
    jvm = spark.start(config["jvm"], config["spark_home"], config["root"], scratch) if config["jvm"] else None
    parity.adjust()
    for name in config["modules"]:
        importlib.import_module(name)
    if jvm:
        spark.meet(jvm, scratch)
    gc.collect()
    gc.freeze()  # Children then copy fewer pages.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(config["socket"])
        listener.listen()
        while True:
            os.write(1, b"ready\n")
            if 0 in select.select([listener.fileno(), 0], [], [])[0]:
                keeper.end(0)
            connection, _ = listener.accept()
            with connection:
                status = _notebook(connection)
                _tidy(jvm, scratch, Path(config["socket"]).parents)
                with contextlib.suppress(OSError):  # Nobody waits for it any more.
                    connection.sendall(bytes([status]))


def _notebook(connection: socket.socket) -> int:
    """Run a notebook until it ends, or until the one who asked for it does, and return its status."""
    request, streams, _, _ = socket.recv_fds(connection, _MOST_REQUEST, 3)
    arguments = json.loads(request)

    def run() -> None:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        sys.argv = ["lab_guest.boot", *arguments]
        boot.main()

    child = _forked(run)
    for descriptor in streams:
        os.close(descriptor)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        gone, _, _ = select.select([connection.fileno(), 0], [], [], _EVERY_SECONDS)
        if gone:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return 1


def _tidy(jvm: subprocess.Popen[bytes] | None, scratch: Path, kept: Collection[Path]) -> None:
    """Leave nothing of the last notebook: no process, no Spark context, no file in the private folder but ``kept``."""
    spare = {jvm.pid} if jvm else set()
    keeper.end_descendants(spare=spare)
    if jvm and os.waitpid(_forked(spark.renew), 0)[1]:
        keeper.end(1)  # The next notebook would not find it as a fresh lab has it.
    for path in scratch.iterdir():
        # The lab's own folder may show there as well.
        if path.name != _JVM_LOG and not path.name.startswith("hsperfdata") and path not in kept:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _forked(work: Callable[[], Any]) -> int:
    """Run ``work`` in a child process with a new session. Returns the child's id at once."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setsid()
        keeper.end_with_parent()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        work()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
