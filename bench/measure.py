"""What the measurements share: timed commands, a graded reference, and the memory of a lab."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

HOME = Path(__file__).resolve().parents[1]
SEED = 1
LAB = "lab_guest.boot"
PROBE = "lab_guest.probe"

SPARK = """
from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession

builder = (
    SparkSession.builder.appName("plain")
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.sql.session.timeZone", "UTC")
)
spark = configure_spark_with_delta_pip(builder).getOrCreate()
"""
"""Spark started as Delta's quick start documents, for plain scripts."""


def timed(command: list[str], *, cwd: Path = HOME, environment: Mapping[str, str] | None = None) -> float:
    """Wall seconds of a command that must succeed; ``environment`` is added to this process's."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - started


def time_grade(exercise: str, reference: Path, card: Path) -> float:
    """Wall seconds of ``./grade`` on a reference solution, which must earn everything; ``card`` gets its scorecard."""
    command = [str(HOME / "grade"), exercise, str(reference), "--seed", str(SEED), "--json", str(card)]
    return timed(command)


def turns(plain: Callable[[], float], graded: Callable[[], float], runs: int) -> float:
    """The median ratio of the two, which take turns, so that a machine that slows down slows both."""
    ratios = []
    for run in range(runs):
        a, b = plain(), graded()
        ratios.append(b / a)
        print(f"  run {run + 1}: plain {a:.1f} s, grade {b:.1f} s, ratio {b / a:.3f}", flush=True)
    return statistics.median(ratios)


def tell_timings(card: Path) -> None:
    """Where the time of the last grading went."""
    scorecard: dict[str, Any] = json.loads(card.read_text())
    print("  where the time of grade goes, in seconds:", scorecard["timings"])
    slowest = sorted(scorecard["cells"], key=lambda cell: -cell["seconds"])[:6]
    print("  slowest cells:", {cell["title"][:40]: cell["seconds"] for cell in slowest})


def pss_kb(process: psutil.Process) -> int:
    with contextlib.suppress(OSError, psutil.Error):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def peak_memory(exercise: str, reference: Path) -> dict[str, float]:
    """Peaks in GB of proportional set size, seen several times a second: of the lab's processes (notebook, JVM,
    sandbox), of the lab's and the probe's together, and of all that grading takes; and how many JVMs there were.
    """
    command = [str(HOME / "grade"), exercise, str(reference), "--seed", str(SEED)]
    peak = {"lab": 0.0, "lab and probe": 0.0, "all": 0.0, "jvm": 0.0}
    grading = psutil.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while grading.poll() is None:
        with contextlib.suppress(psutil.Error):
            family = [psutil.Process(grading.pid), *grading.children(recursive=True)]
            sizes = {process: pss_kb(process) / 1e6 for process in family}
            lab, probe = _inside(family, LAB), _inside(family, PROBE)
            seen = {
                "lab": sum(size for process, size in sizes.items() if process in lab),
                "lab and probe": sum(size for process, size in sizes.items() if process in lab | probe),
                "all": sum(sizes.values()),
                "jvm": float(sum(process.name() == "java" for process in family)),
            }
            peak = {name: max(peak[name], seen[name]) for name in peak}
        time.sleep(0.1)
    return peak


def _inside(family: list[psutil.Process], module: str) -> set[psutil.Process]:
    """The processes of a sandbox: those started as this module, with all that they started."""
    boxes = [process for process in family if module in " ".join(process.cmdline())]
    return {process for box in boxes for process in [box, *box.children(recursive=True)]}
