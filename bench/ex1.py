"""The bars of exercise 1, side by side in one run: `make bench`, or `.venv/bin/python bench/ex1.py [--runs N]`.

Time: `./grade ex1` on a reference solution, everything included, against the same cells as a plain script that
starts Spark as Delta's quick start documents (`configure_spark_with_delta_pip`, Ivy's cache filled). The two take
turns, so that a machine that slows down slows both; what counts is the ratio. The plain script needs a Java of 17
or newer on the machine; the grader brings its own.

Memory: the proportional set size of all of a lab's processes, summed from /proc several times a second.

Start-up: `grade --help` and `grade list` against `python -c "import pyspark, mlflow"`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))

from fixtures import bikeshare  # noqa: E402 - found through the line above
from grader.submission import read  # noqa: E402

REFERENCE = HOME / "solutions/ex1_delta/accepted/delta_table_api.py"
SEED = 1
PROLOGUE = """
from types import SimpleNamespace
from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession

builder = (
    SparkSession.builder.appName("plain")
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.sql.session.timeZone", "UTC")
)
spark = configure_spark_with_delta_pip(builder).getOrCreate()
widgets = {widgets!r}
dbutils = SimpleNamespace(widgets=SimpleNamespace(get=widgets.__getitem__))
display = print
"""


def plain_script(folder: Path) -> Path:
    """The reference's cells behind Delta's documented start, and the same data as a lab's in ``folder``."""
    data = bikeshare.plan(SEED)
    bikeshare.write(data, folder)
    widgets = {"root": str(folder), **data.widgets}
    cells = [cell.source for cell in read(REFERENCE).cells if cell.language == "python"]
    script = folder / "plain.py"
    script.write_text("\n\n".join([PROLOGUE.replace("{widgets!r}", repr(widgets)), *cells]))
    return script


def timed(command: list[str]) -> float:
    """Wall seconds of a command that must succeed."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=HOME, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return time.monotonic() - started


def time_plain() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return timed([sys.executable, str(plain_script(Path(folder) / "lab"))])


def time_grade(card: Path) -> float:
    return timed([str(HOME / "grade"), "ex1", str(REFERENCE), "--seed", str(SEED), "--json", str(card)])


def pss_kb(process: psutil.Process) -> int:
    with contextlib.suppress(OSError, psutil.Error):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def peak_memory() -> tuple[float, float]:
    """Peak PSS in GB of the lab's processes (JVM, kernel, sandbox), and with the grader's own added."""
    command = [str(HOME / "grade"), "ex1", str(REFERENCE), "--seed", str(SEED)]
    lab = everything = 0
    grading = psutil.Popen(command, cwd=HOME, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while grading.poll() is None:
        with contextlib.suppress(psutil.Error):
            family = [psutil.Process(grading.pid), *grading.children(recursive=True)]
            sizes = {process: pss_kb(process) for process in family}
            boxes = [p for p in family if "lab_guest.boot" in " ".join(p.cmdline())]
            inside = {q for box in boxes for q in [box, *box.children(recursive=True)]}
            lab = max(lab, sum(size for process, size in sizes.items() if process in inside))
            everything = max(everything, sum(sizes.values()))
        time.sleep(0.2)
    return lab / 1e6, everything / 1e6


def start_up(runs: int) -> dict[str, float]:
    """The median ratio of each quick command to the import of PySpark and MLflow."""
    ratios: dict[str, list[float]] = {"grade --help": [], "grade list": []}
    for _ in range(runs):
        heavy = timed([sys.executable, "-c", "import pyspark, mlflow"])
        for name, seen in ratios.items():
            seen.append(timed([str(HOME / "grade"), *name.split()[1:]]) / heavy)
    return {name: statistics.median(seen) for name, seen in ratios.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "card.json"
        print("warming up: Ivy's cache, the grader's archive ...", flush=True)
        time_plain()
        time_grade(card)
        ratios = []
        for run in range(runs):
            plain, graded = time_plain(), time_grade(card)
            ratios.append(graded / plain)
            print(f"run {run + 1}: plain {plain:.1f} s, grade {graded:.1f} s, ratio {graded / plain:.3f}", flush=True)
        scorecard = json.loads(card.read_text())
        assert scorecard["score"] == scorecard["max_score"], "the reference must earn everything"
        print(f"time: median ratio {statistics.median(ratios):.3f} (bar: at most 0.25)")
        print("where the time of grade goes, in seconds:", scorecard["timings"])
        slowest = sorted(scorecard["cells"], key=lambda cell: -cell["seconds"])[:6]
        print("slowest cells:", {cell["title"][:40]: cell["seconds"] for cell in slowest})
    lab, everything = peak_memory()
    print(f"memory: lab {lab:.2f} GB PSS at its peak (bar: at most 1.6), with the grader's own {everything:.2f} GB")
    for name, ratio in start_up(max(runs, 3)).items():
        print(f"start-up: {name} takes {ratio:.3f} of importing pyspark and mlflow (bar: under 0.3)")


if __name__ == "__main__":
    main()
