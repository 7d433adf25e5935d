"""A notebook's kernel, and of a graded lab the first process: starts the Spark JVM, then becomes the kernel.

Called as ``python -m lab_guest.boot CONFIG -f CONNECTION_FILE``, or by :mod:`lab_guest.warm` in a child process. CONFIG
is a JSON file: ``jvm`` (argv of the gateway, or null for a lab without Spark or where the environment leads to a JVM),
``shares_spark`` (whether other notebooks use the same Spark context), ``spark_home``, ``root`` (the lab's folder),
``scratch`` (a private folder), ``widgets``, ``results`` (names to read at the end), ``results_file`` (null for a
notebook that nobody grades), ``limits`` (or null), ``user`` (the id to run under, or null to stay what it is) and
``family``: who keeps the lab's processes together, :mod:`lab_guest.house` (which takes the grader's orders from
standard input), :mod:`lab_guest.keeper` or, with null, a sandbox or another process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from . import bounds, house, keeper, spark


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    if config["user"] is not None:
        # The grader wrote the connection file for itself alone; no other user sees its folder.
        Path(sys.argv[sys.argv.index("-f") + 1]).chmod(0o644)
        bounds.become(config["user"])
    bounds.confine(config["limits"])
    orders = house.take_orders() if config["family"] == "house" else None
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if orders:
        house.keep(config, orders)
    if config["family"] == "keeper":
        keeper.keep()
    os.chdir(config["root"])
    scratch = Path(config["scratch"])
    jvm = spark.start(config["jvm"], config["spark_home"], config["root"], scratch) if config["jvm"] else None
    if config["limits"]:
        bounds.limit(config["limits"])
    session: dict[str, Any] = {}
    attach = threading.Thread(target=_attach, args=(jvm, config, session), daemon=True)
    if jvm or spark.offered():
        attach.start()

    from .notebook import make_kernel

    app = make_kernel(config, sys.argv[2:])
    sys.path.append(config["root"])  # for what lies beside the notebook, behind Python's own modules
    if attach.ident:
        attach.join()
        if "error" in session:
            raise session["error"]
        from .errors import Spark
        from .notebook import offer_spark

        Spark.jvm = jvm
        offer_spark(app.shell, session["spark"])
    app.start()


def _attach(jvm: subprocess.Popen[bytes] | None, config: dict[str, Any], session: dict[str, Any]) -> None:
    """Make the session in a thread of its own, while the kernel's modules are imported."""
    try:
        if config["shares_spark"]:
            session["spark"] = spark.session()
            return
        if jvm is not None:
            spark.meet(jvm, Path(config["scratch"]))
        from pyspark.sql import SparkSession

        session["spark"] = SparkSession.builder.getOrCreate()
    except BaseException as error:
        session["error"] = error


if __name__ == "__main__":
    main()
