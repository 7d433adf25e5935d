"""The bars of exercises 3 to 5, side by side in one run: `make bench`, or `bench/mlflow_exercises.py [--runs N] EX...`.

Time: `./grade exN` on a reference solution, everything included, against the same cells as a plain script with
MLflow's defaults on a new SQLite store (exercise 4 with Spark started as Delta's quick start documents, Ivy's cache
filled). What the script finds in its folder, the archive in the store included, is laid out before its time begins;
its store is made and migrated within it, as MLflow does for whoever begins with none.

Memory: the proportional set size of a lab's processes; and that a lab without Spark starts no JVM.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from measure import HOME, SEED, SPARK, peak_memory, tell_timings, time_grade, timed, turns

sys.path.insert(0, str(HOME))

from grader import catalog
from grader.lab import _lay_store, load_fixture
from grader.runtime import templates
from grader.submission import read

REFERENCES = {"ex3": "fluent_api.py", "ex4": "fluent_api.py", "ex5": "client_api.py"}
TIME_BARS = {"ex3": 0.4, "ex4": 0.6, "ex5": 0.4}
MEMORY_BAR_GB = 0.7

PROLOGUE = """
import os
from types import SimpleNamespace

os.chdir({root!r})
widgets = {widgets!r}
dbutils = SimpleNamespace(widgets=SimpleNamespace(get=widgets.__getitem__))
display = print
"""
ARCHIVE = """
import sqlite3

import mlflow

mlflow.search_experiments()  # makes the store, and migrates it
with sqlite3.connect({root!r} + "/mlflow.db") as store:
    store.execute("ATTACH ? AS past", ({past!r},))
    for table in {tables!r}:
        store.execute(f"INSERT OR IGNORE INTO {{table}} SELECT * FROM past.{{table}}")
"""


def plain_script(exercise: catalog.Exercise, reference: Path, folder: Path) -> Path:
    """The reference's cells as a script, in a folder with the same data as a lab's and an empty tracking store."""
    root = folder / "lab"
    root.mkdir()
    past = folder / "past.db"
    _lay_store(templates.provide(print) / templates.STORE, root / templates.STORE, str(root))
    data: Any = load_fixture(exercise).plan(SEED)
    load_fixture(exercise).write(data, root)
    (root / templates.STORE).rename(past)
    with sqlite3.connect(past) as store:
        names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        kept = ("alembic_version", templates.JOURNAL)
        counted = [(name, f'SELECT COUNT(*) FROM "{name}"') for (name,) in names if name not in kept]
        tables = [name for name, count in counted if store.execute(count).fetchone()[0]]
    parts = [PROLOGUE.format(root=str(root), widgets={"root": str(root), **data.widgets})]
    parts += [SPARK] if exercise.spark else []
    parts += [ARCHIVE.format(root=str(root), past=str(past), tables=tables)]
    parts += [cell.source for cell in read(reference).cells if cell.language == "python"]
    script = folder / "plain.py"
    script.write_text("\n\n".join(parts))
    return script


def time_plain(exercise: catalog.Exercise, reference: Path) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = plain_script(exercise, reference, folder)
        environment = {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/lab/mlflow.db",
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "PYSPARK_PYTHON": sys.executable,  # as python3 is, in an environment that was activated
        }
        return timed([sys.executable, str(script)], environment=environment)


def measure(name: str, runs: int) -> None:
    exercise = catalog.find(name)
    reference = HOME / "solutions" / exercise.name / "accepted" / REFERENCES[name]
    print(f"{exercise.id} {exercise.title}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "card.json"
        time_grade(name, reference, card)  # set-up is no part of it
        ratio = turns(lambda: time_plain(exercise, reference), lambda: time_grade(name, reference, card), runs)
        print(f"  time: median ratio {ratio:.3f} (bar: at most {TIME_BARS[name]})")
        tell_timings(card)
    peak = SimpleNamespace(**{key.replace(" ", "_"): value for key, value in peak_memory(name, reference).items()})
    bar = "" if exercise.spark else f" (bar: under {MEMORY_BAR_GB})"
    print(f"  memory: lab {peak.lab:.2f} GB{bar}, with the probe {peak.lab_and_probe:.2f}, all in all {peak.all:.2f}")
    print(f"  JVMs: {peak.jvm:.0f} (bar: {'any' if exercise.spark else 'none'})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("exercises", nargs="*", default=list(REFERENCES))
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for name in arguments.exercises:
        measure(name, arguments.runs)


if __name__ == "__main__":
    main()
