"""Point-in-time lookups of the lab's feature store, side by side with the same join written by hand in Spark SQL.

`.venv/bin/python bench/feature_store.py [--turns N]`. 1,000 lookups by key and time over a feature table of a million
rows, on a JVM with a lab's settings: once with many keys (10,000 of 100 rows each), once with few (100 of 10,000 rows).
By hand it is the textbook's LEFT JOIN and ROW_NUMBER; for comparison also a form tuned by someone who knows Spark, an
inner join with the lookups broadcast, joined back. All take turns and all give the same rows, which is checked.

Wall time counts all from the call to the last row; CPU is the JVM's, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import pkgutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module as load
from pathlib import Path
from typing import Any

import psutil
from measure import HOME

sys.path.insert(0, str(HOME))

from grader import runtime
from grader.lab.sandbox import GUEST
from grader.runtime import jvm

ROWS, LOOKUPS, FEATURES = 1_000_000, 1_000, 4
HOUR = 3600
START = 1_700_000_000
BAR = "join by hand"
COLUMNS = ", ".join(f"x{i}" for i in range(FEATURES))

BY_HAND = f"""
SELECT i, k, at, {COLUMNS} FROM (
  SELECT a.i, a.k, a.at, {COLUMNS}, row_number() OVER (PARTITION BY a.i ORDER BY s.ts DESC) AS n
  FROM asked a LEFT JOIN series s ON a.k = s.k AND s.ts <= a.at
) WHERE n = 1"""
TUNED = f"""
SELECT a.i, a.k, a.at, {COLUMNS} FROM asked a LEFT JOIN (
  SELECT * FROM (
    SELECT /*+ BROADCAST(a) */ a.i, s.*, row_number() OVER (PARTITION BY a.i ORDER BY s.ts DESC) AS n
    FROM series s JOIN asked a ON a.k = s.k AND s.ts <= a.at
  ) WHERE n = 1
) found ON a.i = found.i"""


@contextmanager
def lab_session(root: Path) -> Iterator[tuple[Any, psutil.Process]]:
    """A Spark session on a JVM as labs have it, and that JVM's process."""
    parts = runtime.prepare(print)
    told = root / "gateway"
    environment = {
        **os.environ,
        jvm.CONNECTION_VARIABLE: str(told),
        "SPARK_HOME": str(parts.spark_home),
        "SPARK_LOCAL_DIRS": str(root),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    properties = {**jvm.LAB_PROPERTIES, "spark.sql.warehouse.dir": f"{root}/warehouse", "java.io.tmpdir": str(root)}
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(
            jvm.command(parts, properties), stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment, cwd=root
        )
    try:
        while (found := jvm.connection(told)) is None:
            if process.poll() is not None:
                sys.exit(f"the JVM ended:\n{(root / 'log').read_text()}")
            time.sleep(0.05)
        os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = str(found[0]), found[1]
        spark = load("pyspark.sql").SparkSession.builder.getOrCreate()
        yield spark, psutil.Process(process.pid)
        spark.stop()
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait()


def fill(spark: Any, client: Any, keys: int) -> None:
    """The feature table ``series`` and the view ``asked``."""
    per_key = ROWS // keys
    values = ", ".join(f"rand({i}) AS x{i}" for i in range(FEATURES))
    times = f"timestamp_seconds({START} + id div {keys} * {HOUR} + pmod(hash(id), {HOUR // 2}))"
    table = spark.range(ROWS).selectExpr(f"id % {keys} AS k", f"{times} AS ts", *values.split(", "))
    client.create_table("series", ["k", "ts"], table, timestamp_keys="ts")
    moment = f"timestamp_seconds({START} + rand(7) * {HOUR * per_key})"
    asked = spark.range(LOOKUPS).selectExpr("id AS i", f"pmod(hash(id), {keys}L) AS k", f"{moment} AS at")
    asked.write.format("delta").mode("overwrite").saveAsTable("asked")


def compare(ways: dict[str, Callable[[], Any]], process: psutil.Process, turns: int) -> None:
    """Time the ways, the first against the others, and tell the median ratios. The turn before the first warms up, and
    checks that all give the same rows."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    reference: list[tuple[Any, ...]] = []
    for turn in range(turns + 1):
        for name, way in ways.items():
            cpu, started = sum(process.cpu_times()[:2]), time.monotonic()
            found = way().collect()
            seconds, used = time.monotonic() - started, sum(process.cpu_times()[:2]) - cpu
            if turn == 0:
                told = sorted((tuple(row) for row in found), key=lambda row: row[0])
                reference = reference or told
                assert told == reference and len(told) == LOOKUPS, f"{name} gives other rows"
                continue
            seen[name].append((seconds, used))
        if turn:
            last = ", ".join(f"{name} {told[-1][0]:.2f} s (CPU {told[-1][1]:.2f})" for name, told in seen.items())
            print(f"  turn {turn}: {last}", flush=True)
    ours, *others = ways
    for i, kind in enumerate(("wall", "CPU")):
        for name in others:
            ratio = statistics.median(a[i] / b[i] for a, b in zip(seen[ours], seen[name], strict=True))
            print(f"  {kind} time of {ours} to {name}: median ratio {ratio:.2f}{' (bar: at most 1.0)' * (name == BAR)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=7)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as folder, lab_session(Path(folder)) as (spark, process):
        sys.path.insert(0, str(GUEST))
        package = load("databricks")
        package.__path__ = pkgutil.extend_path(package.__path__, "databricks")
        store = load("databricks.feature_store")
        client, lookup = store.FeatureStoreClient(), store.FeatureLookup("series", "k", timestamp_lookup_key="at")

        def looked_up() -> Any:
            return client.create_training_set(spark.table("asked"), [lookup], label=None).load_df()

        ways = {"feature store": looked_up, BAR: lambda: spark.sql(BY_HAND), "tuned join": lambda: spark.sql(TUNED)}
        for keys in (10_000, 100):
            print(f"{LOOKUPS} lookups, {ROWS} rows, {keys} keys", flush=True)
            fill(spark, client, keys)
            compare(ways, process, turns if keys > LOOKUPS else max(1, turns // 2))
            client.drop_table("series")


if __name__ == "__main__":
    main()
