"""The lab's first process: starts the Spark JVM, then becomes the notebook's kernel.

Called as ``python -m lab_guest.boot CONFIG -f CONNECTION_FILE``. CONFIG is a JSON file: ``jvm`` (argv of the
gateway, or null for a lab without Spark), ``spark_home``, ``root`` (the lab's folder), ``scratch`` (a private
folder), ``widgets``, ``results`` (names to read at the end), ``results_file``, ``limits`` and ``user`` (the id to run
under, or null to stay what it is).
"""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    if config["user"] is not None:
        _become(config["user"], Path(sys.argv[sys.argv.index("-f") + 1]))
    if not config["limits"]["own_processes"]:
        from .keeper import keep

        keep()
    os.chdir(config["root"])
    scratch = Path(config["scratch"])
    jvm = _start_jvm(config, scratch) if config["jvm"] else None
    _limit(config["limits"])
    session: dict[str, Any] = {}
    attach = threading.Thread(target=_attach, args=(jvm, scratch, session), daemon=True)
    if jvm:
        attach.start()

    from .notebook import make_kernel

    app = make_kernel(config, sys.argv[2:])
    if jvm:
        attach.join()
        if "error" in session:
            raise session["error"]
        from .errors import Spark
        from .notebook import offer_spark

        Spark.jvm = jvm
        offer_spark(app.shell, session["spark"])
    app.start()


def _become(user: int, connection_file: Path) -> None:
    """Give up being root for a user that nobody else has; what is started from here on is that user's."""
    connection_file.chmod(0o644)  # The grader wrote it for itself alone; no other user sees its folder.
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def _start_jvm(config: dict[str, Any], scratch: Path) -> subprocess.Popen[bytes]:
    """Start the gateway JVM. It ends when its standard input closes, so it can't outlive this process."""
    environment = dict(os.environ)
    environment["_PYSPARK_DRIVER_CONN_INFO_PATH"] = str(scratch / "gateway")
    environment["SPARK_HOME"] = config["spark_home"]
    environment["SPARK_LOCAL_DIRS"] = str(scratch)
    environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    environment["SPARK_LOCAL_HOSTNAME"] = "localhost"
    log = (scratch / "jvm.log").open("wb")
    return subprocess.Popen(
        config["jvm"],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=environment,
        cwd=config["root"],
        start_new_session=True,  # The stop button of a cell is not for the JVM.
    )


def _attach(jvm: subprocess.Popen[bytes], scratch: Path, session: dict[str, Any]) -> None:
    """Make the session in a thread of its own, while the kernel's modules are imported."""
    try:
        from pyspark.sql import SparkSession

        info = scratch / "gateway"
        while not info.exists():
            if jvm.poll() is not None:
                said = (scratch / "jvm.log").read_text(errors="replace")[-1000:]
                raise RuntimeError(f"the Spark JVM ended with status {jvm.returncode}: {said}")
            time.sleep(0.01)
        with info.open("rb") as file:
            port, size = struct.unpack("!ii", file.read(8))
            os.environ["PYSPARK_GATEWAY_PORT"] = str(port)
            os.environ["PYSPARK_GATEWAY_SECRET"] = file.read(size).decode()
        info.unlink()
        session["spark"] = SparkSession.builder.getOrCreate()
    except BaseException as error:
        session["error"] = error


def _limit(limits: dict[str, float]) -> None:
    """Set this process's limits; the JVM, started before, has its own heap limit."""
    memory = int(limits["memory_mb"]) << 20
    disk = int(limits["disk_mb"]) << 20
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, disk),
        (resource.RLIMIT_NPROC, int(limits["processes"])),
    ):
        if what == resource.RLIMIT_NPROC and not limits["own_processes"]:
            continue  # Outside a sandbox it would count all that the user runs.
        _, hard = resource.getrlimit(what)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (ceiling, ceiling))


if __name__ == "__main__":
    main()
