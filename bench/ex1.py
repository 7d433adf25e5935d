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
import statistics
import sys
import tempfile
from pathlib import Path

from measure import HOME, SEED, SPARK, peak_memory, tell_timings, time_grade, timed, turns

sys.path.insert(0, str(HOME))

from fixtures import bikeshare
from grader.submission import read

REFERENCE = HOME / "solutions/ex1_delta/accepted/delta_table_api.py"
PROLOGUE = """
from types import SimpleNamespace

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
    script.write_text("\n\n".join([PROLOGUE.replace("{widgets!r}", repr(widgets)), SPARK, *cells]))
    return script


def time_plain() -> float:
    with tempfile.TemporaryDirectory() as folder:
        return timed([sys.executable, str(plain_script(Path(folder) / "lab"))])


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
        time_grade("ex1", REFERENCE, card)
        ratio = turns(time_plain, lambda: time_grade("ex1", REFERENCE, card), runs)
        print(f"time: median ratio {ratio:.3f} (bar: at most 0.25)")
        tell_timings(card)
    peak = peak_memory("ex1", REFERENCE)
    print(
        f"memory: lab {peak['lab']:.2f} GB PSS at its peak (bar: at most 1.6), with the grader's own {peak['all']:.2f}"
    )
    for name, seen in start_up(max(runs, 3)).items():
        print(f"start-up: {name} takes {seen:.3f} of importing pyspark and mlflow (bar: under 0.3)")


if __name__ == "__main__":
    main()
