"""The command line of a lab's JVM: Spark's gateway for Python, tuned for tables of some hundred rows.

Spark's stock start goes through shell scripts, asks Ivy for the jars each time and sizes everything for a
cluster. Here the JVM is started directly, and PySpark attaches to it by the two environment variables that
it documents for this, ``PYSPARK_GATEWAY_PORT`` and ``PYSPARK_GATEWAY_SECRET``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.runtime import Runtime

GATEWAY = "org.apache.spark.api.python.PythonGatewayServer"
CONNECTION_VARIABLE = "_PYSPARK_DRIVER_CONN_INFO_PATH"
"""Environment variable that tells the gateway which file to write its port and secret to."""

LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")

# As org.apache.spark.launcher.JavaModuleOptions lists them.
_OPENED = (
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)

LAB_PROPERTIES: Mapping[str, str] = {
    "spark.master": "local[2]",
    "spark.app.name": "lab",
    "spark.submit.deployMode": "client",
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.sources.default": "delta",  # as on Databricks
    # One task where the defaults make 200, 50 and (VACUUM) 10,000.
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
    # Compiling and re-planning a query costs more than running it, when it meets a few hundred rows.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
"""Spark's and Delta's settings for a lab. But for the format of tables, they change how fast a result comes, not what
it is."""


def command(runtime: Runtime, properties: Mapping[str, str]) -> list[str]:
    """The argv of a gateway JVM with these Spark ``properties``.

    Its environment must hold ``SPARK_HOME`` and :data:`CONNECTION_VARIABLE`; it writes the file named there
    once it listens (see :func:`connection`), and it ends when its standard input closes.
    """
    return [
        str(runtime.java),
        *flags(runtime.java_major),
        *_archive_flags(runtime),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        classpath(runtime),
        GATEWAY,
    ]


def flags(java_major: int) -> list[str]:
    """The flags of the JVM itself, which an archive is bound to."""
    tuned = [
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-XX:TieredStopAtLevel=1",  # a lab ends before the second compiler pays off
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-Xmx1g",
        "-Xss4m",
        "-Xlog:disable",  # warnings about the archive would otherwise reach the learner
        "-Xlog:all=error:stderr",
        "-Djava.awt.headless=true",
        "-Dio.netty.tryReflectionSetAccessible=true",
        f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}",
        *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
    ]
    if java_major < 24:  # later ones have no such package any more, and warn
        tuned.append("--add-opens=java.base/sun.security.action=ALL-UNNAMED")
    if java_major >= 22:
        tuned.append("--enable-native-access=ALL-UNNAMED")
    if java_major >= 24:
        tuned += ["--sun-misc-unsafe-memory-access=allow", "-Dio.netty.noUnsafe=false"]
    return tuned


def classpath(runtime: Runtime) -> str:
    """PySpark's jars and Delta's, always in the same order: an archive holds for one order only."""
    spark = sorted((runtime.spark_home / "jars").glob("*.jar"))
    return ":".join(str(path) for path in (*spark, *sorted(runtime.jars)))


def connection(path: Path) -> tuple[int, str] | None:
    """Port and secret from the file that the gateway writes; None while it has not been written."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    port, length = struct.unpack_from("!ii", data)
    return port, data[8 : 8 + length].decode()


def _archive_flags(runtime: Runtime) -> list[str]:
    """Both kinds of archive are a matter of speed: the JVM goes on without one that does not fit."""
    if runtime.archive is None:
        return []
    if runtime.archive.suffix == ".aot":
        return [f"-XX:AOTCache={runtime.archive}", "-XX:AOTMode=auto"]
    return [f"-XX:SharedArchiveFile={runtime.archive}", "-Xshare:auto"]
