"""The lab's first process: starts the Spark JVM, then becomes the notebook's kernel.

Called as ``python -m lab_guest.boot CONFIG -f CONNECTION_FILE``. CONFIG is a JSON file: ``jvm`` (argv of the
gateway, or null for a lab without Spark), ``spark_home``, ``root`` (the lab's folder), ``scratch`` (a private
folder), ``widgets``, ``results`` (names to read at the end), ``results_file``, ``limits``, ``user`` (the id to run
under, or null to stay what it is) and ``workspace`` (whether there is to be one). What
comes on standard input is for :mod:`lab_guest.house`.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from . import bounds


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    if config["user"] is not None:
        # The grader wrote the connection file for itself alone; no other user sees its folder.
        Path(sys.argv[sys.argv.index("-f") + 1]).chmod(0o644)
        bounds.become(config["user"])
    orders = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if config["workspace"]:
        from . import house

        house.keep(config, orders)
    os.close(orders)
    if not config["workspace"] and not config["limits"]["own_processes"]:
        from .keeper import keep

        keep()
    os.chdir(config["root"])
    scratch = Path(config["scratch"])
    jvm = _start_jvm(config, scratch) if config["jvm"] else None
    bounds.limit(config["limits"])
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


if __name__ == "__main__":
    main()
