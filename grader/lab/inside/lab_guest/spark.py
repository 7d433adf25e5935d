"""Spark in a lab: one JVM, which several of its processes may share as the notebooks on one cluster do."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_PORT, _SECRET = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"


def start(command: Sequence[str], spark_home: str, root: str, scratch: Path) -> subprocess.Popen[bytes]:
    """Start the gateway JVM. It ends when its standard input closes, so it can't outlive this process."""
    environment = dict(os.environ)
    environment["_PYSPARK_DRIVER_CONN_INFO_PATH"] = str(scratch / "gateway")
    environment["SPARK_HOME"] = spark_home
    environment["SPARK_LOCAL_DIRS"] = str(scratch)
    environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    environment["SPARK_LOCAL_HOSTNAME"] = "localhost"
    with (scratch / "jvm.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=root,
            start_new_session=True,  # The stop button of a cell is not for the JVM.
        )


def meet(jvm: subprocess.Popen[bytes], scratch: Path) -> None:
    """Wait for the JVM and put into the environment what PySpark reaches it by, here and in what is started from here.

    Raises RuntimeError when the JVM ends instead.
    """
    info = scratch / "gateway"
    while not info.exists():
        if jvm.poll() is not None:
            said = (scratch / "jvm.log").read_text(errors="replace")[-1000:]
            raise RuntimeError(f"the Spark JVM ended with status {jvm.returncode}: {said}")
        time.sleep(0.01)
    with info.open("rb") as file:
        port, size = struct.unpack("!ii", file.read(8))
        os.environ[_PORT] = str(port)
        os.environ[_SECRET] = file.read(size).decode()
    info.unlink()


def offered() -> bool:
    """Whether the environment leads to a JVM."""
    return _PORT in os.environ


def session() -> Any:
    """A session of the JVM's one Spark context, which is made if there is none yet.

    Temporary views and settings are this process's own, tables and the context are shared.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    gateway = launch_gateway()
    context = gateway.jvm.org.apache.spark.api.java.JavaSparkContext.fromSparkContext(
        gateway.jvm.org.apache.spark.SparkContext.getOrCreate()
    )
    conf = SparkConf(_jvm=gateway.jvm, _jconf=context.getConf())
    own = SparkSession(SparkContext(gateway=gateway, jsc=context, conf=conf)).newSession()
    SparkSession._instantiatedSession = own  # what the builder's getOrCreate() gives from now on
    return own


def renew() -> None:
    """Stop the JVM's Spark context and forget what is known of tables: the next notebook starts anew.

    It connects to the JVM, so it belongs in a process that ends afterwards.
    """
    from pyspark.java_gateway import launch_gateway

    jvm = launch_gateway().jvm
    jvm.org.apache.spark.SparkContext.getOrCreate().stop()
    jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    jvm.org.apache.spark.sql.classic.SparkSession.clearActiveSession()
    jvm.org.apache.spark.sql.classic.SparkSession.clearDefaultSession()
