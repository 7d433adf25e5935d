"""nbgrader and otter-grader at the same work as the grader, for `bench/classroom.py`.

Both live in an environment of their own, with our versions of PySpark and Delta. Their notebooks have the same code as
our submissions, between a set-up cell and cells that assert what exercise 1's suite checks. The set-up cell does what a
lab does: a fresh copy of the data, Spark started as Delta's quick start documents, ``dbutils`` and ``display``.

What favours them: Ivy's cache is filled and the data laid out beforehand, learners' code is not isolated, and the tests
are plain assertions on rows read once, of which nothing is explained to anybody.
"""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import nbformat
from measure import HOME, SEED, SPARK, timed

sys.path.insert(0, str(HOME))

from fixtures import bikeshare
from grader.submission import read

PEERS = ("nbgrader==0.9.6", "otter-grader==7.0.0")
OURS = ("pyspark", "delta-spark", "pandas", "numpy", "pyarrow")
"""What the submissions use is of the same version as in a lab."""
CELL_SECONDS = 600
"""nbgrader's own limit is 30 s a cell, in which Spark does not always start."""
NO_BAR = "--conf spark.ui.showConsoleProgress=false"
"""Whatever a test writes to its standard error is its failure in nbgrader, Spark's bar of progress too."""

SET_UP = """
import shutil
import tempfile
from types import SimpleNamespace

LAB = tempfile.mkdtemp(dir={labs!r}) + "/lab"
shutil.copytree({template!r}, LAB)  # with the times of files, which time travel and VACUUM go by
widgets = {{"root": LAB, **{widgets!r}}}
dbutils = SimpleNamespace(widgets=SimpleNamespace(get=widgets.__getitem__))
display = print
{spark}
spark.sparkContext.setLogLevel("ERROR")


def rows_of(table, version=None):
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return [row.asDict() for row in reader.load(f"{{LAB}}/tables/{{table}}").collect()]


def commits_of(table):
    rows = spark.sql(f"DESCRIBE HISTORY delta.`{{LAB}}/tables/{{table}}`").collect()
    return {{row.version: row for row in rows}}
"""

TESTS = {
    "create_rows": """
        first = next(rows for rows in (rows_of("rides", version) for version in range(3)) if rows)
        assert {row["ride_id"]: row["distance_m"] for row in first} == $rides_1 and len(first) == len($rides_1)""",
    "create_derived": """
        assert all(abs(row["speed"] - row["distance_m"] / row["minutes"]) < 1e-9 for row in first)""",
    "create_append": """
        rides = rows_of("rides")
        assert {row["ride_id"]: row["distance_m"] for row in rides} == $rides and len(rides) == len($rides)
        assert all(abs(row["speed"] - row["distance_m"] / row["minutes"]) < 1e-9 for row in rides)""",
    "create_read": """
        assert sorted(row.ride_id for row in rides_df.collect()) == sorted(row["ride_id"] for row in rides)
        assert set(rides_df.columns) == set(rides[0])""",
    "create_property": """
        properties = spark.sql(f"SHOW TBLPROPERTIES delta.`{LAB}/tables/rides`").collect()
        kept = {row.key: row.value for row in properties}["delta.deletedFileRetentionDuration"]
        assert kept.lower().removeprefix("interval ") == "$retention_days days" """,
    "travel_history": """
        told = {row["version"]: row["operation"] for row in history_df.collect()}
        happened = commits_of("rides")
        assert len(told) >= 2 and all(happened[version].operation == told[version] for version in told)""",
    "travel_version": """
        assert sorted(row.ride_id for row in previous_df.collect()) == sorted($rides_1)""",
    "travel_moment": """
        assert sorted((row.day, row.station, row.bikes) for row in as_of_df.collect()) == $as_of""",
    "recover_found": """
        assert bad_version == $bad_version""",
    "recover_rows": """
        assert sorted((row["day"], row["station"], row["bikes"]) for row in rows_of("stock")) == $restored""",
    "recover_kept": """
        assert sorted(commits_of("stock"))[: $came_with + 1] == list(range($came_with + 1))""",
    "schema_refused": """
        assert isinstance(refusal, Exception)
        assert any(word in str(refusal) for word in ("MERGE_FIELDS", "DATATYPE", "MISMATCH", "CAST_INVALID_INPUT"))""",
    "schema_clean": """
        riders = {row["$key"]: row for row in rows_of("riders")}
        assert not $bad & riders.keys() and riders[$anyone]["rides"] == int(riders[$anyone]["rides"])""",
    "schema_evolved": """
        assert {key: riders[key]["$extra"] for key in $riders_2} == $riders_2""",
    "schema_kept": """
        assert {key: riders[key]["rides"] for key in $bystanders} == $bystanders
        assert all(riders[key]["$extra"] is None for key in $bystanders)""",
    "change_update": """
        assert {row["$key"] for row in riders.values() if row["plan"] == "gold"} == $gold""",
    "change_delete": """
        assert not $deleted & riders.keys()""",
    "change_merge": """
        merged = {key: (row["plan"], row["rides"], row["$extra"]) for key, row in riders.items() if key in $updates}
        assert merged == $updates and len(riders) == $riders_left""",
    "maintain_compact": """
        events = spark.sql(f"DESCRIBE DETAIL delta.`{LAB}/tables/events`").first()
        assert events.numFiles <= 3 and sorted(row["event_id"] for row in rows_of("events")) == $events""",
    "maintain_zorder": """
        happened = commits_of("events").values()
        orders = [row.operationParameters.get("zOrderBy") for row in happened if row.operation == "OPTIMIZE"]
        assert '["$zorder_by"]' in orders""",
    "maintain_vacuum": """
        import os
        assert not $expired & set(os.listdir(f"{LAB}/tables/events"))
        assert any(row.operation == "VACUUM END" for row in happened)""",
    "maintain_retention": """
        assert $protected <= set(os.listdir(f"{LAB}/tables/events"))""",
}
"""Tests that share what they read, by name, in the order in which they run: one for each check of the suite but those
on a merge's and a batch's versions. $words stand for what this lab's data make right."""


@dataclass(frozen=True)
class Assignment:
    """The exercise as notebooks: what goes before a learner's cells, and the tests that come after them."""

    set_up: str
    tests: dict[str, str]


@dataclass(frozen=True)
class Pace:
    """How fast somebody graded."""

    submissions: int
    seconds: float

    @property
    def an_hour(self) -> float:
        return self.submissions / self.seconds * 3600


def assignment(folder: Path) -> Assignment:
    """Lay the data out below ``folder``, and write the tests that hold for it."""
    data = bikeshare.plan(SEED)
    facts = bikeshare.write(data, folder / "template")
    (folder / "labs").mkdir()
    parts = {
        "labs": str(folder / "labs"),
        "template": str(folder / "template"),
        "widgets": dict(data.widgets),
        "spark": SPARK,
    }
    words = {name: _literal(value) for name, value in _right(data, facts).items()}
    tests = {name: _plain(Template(text).substitute(words)) for name, text in TESTS.items()}
    return Assignment(SET_UP.format(**parts), tests)


def _right(data: bikeshare.Bikeshare, facts: dict[str, Any]) -> dict[str, Any]:
    key = data.key
    stock = [sorted((row["day"], row["station"], row["bikes"]) for row in data.stock_at(v)) for v in range(99)]
    first = {row["ride_id"]: row["distance_m"] for row in data.rides_1}
    return {
        "rides_1": first,
        "rides": first | {row["ride_id"]: row["distance_m"] for row in data.rides_2},
        "retention_days": data.retention_days,
        "as_of": stock[data.as_of_version],
        "bad_version": data.bad_version,
        "restored": stock[data.bad_version - 1],
        "came_with": len(data.stock_days),
        "key": key,
        "extra": data.extra,
        "bad": {row[key] for row in data.riders_bad},
        "anyone": min(data.bystanders),
        "riders_2": {row[key]: row[data.extra] for row in data.riders_2},
        "bystanders": {k: row["rides"] for k, row in data.bystanders.items()},
        "gold": set(data.gold_keys),
        "deleted": set(data.deleted_keys),
        "updates": {row[key]: (row["plan"], row["rides"], row[data.extra]) for row in data.riders_updates},
        "riders_left": len(data.riders_1) + len(data.riders_2) + len(data.inserted_keys) - len(data.deleted_keys),
        "events": sorted(row["event_id"] for row in data.event_rows),
        "zorder_by": data.zorder_by,
        "expired": set(facts["events"]["expired"]),
        "protected": set(facts["events"]["protected"]),
    }


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _plain(text: str) -> str:
    return "\n".join(line.removeprefix(" " * 8) for line in text.strip("\n").splitlines()).rstrip()


class Peers:
    """The environment of both, and the folder they work in."""

    def __init__(self, home: Path, folder: Path) -> None:
        self._bin = home / "bin"
        self._folder = folder
        self._environment = {
            "PATH": f"{self._bin}:{os.environ.get('PATH', os.defpath)}",
            "PYSPARK_PYTHON": str(self._bin / "python"),
            "PYSPARK_SUBMIT_ARGS": f"{NO_BAR} pyspark-shell",
            "JUPYTER_PREFER_ENV_PATH": "1",
        }
        _provide(home)
        self._assignment = assignment(folder)
        # Ivy's cache.
        timed([str(self._bin / "python"), "-c", SPARK], environment=self._environment)

    def _run(self, command: Sequence[str], cwd: Path) -> float:
        return timed([str(self._bin / command[0]), *command[1:]], cwd=cwd, environment=self._environment)

    def nbgrader(self, submissions: Sequence[Path]) -> Pace:
        """`nbgrader autograde` on all, in one process: it has no other way."""
        course = self._folder / "nbgrader"
        tests = [_cell(source, name, points=1) for name, source in self._assignment.tests.items()]
        set_up = _cell(self._assignment.set_up, "set_up")
        _write(course / "source/ex1/ex1.ipynb", [set_up, *tests])
        for number, submission in enumerate(submissions):
            cells = [set_up, *_code(submission), *tests]
            _write(course / f"submitted/learner{number:02}/ex1/ex1.ipynb", cells)
        (course / "nbgrader_config.py").write_text(
            f"c = get_config()\nc.CourseDirectory.course_id = 'bench'\nc.ExecutePreprocessor.timeout = {CELL_SECONDS}\n"
        )
        self._run(["nbgrader", "generate_assignment", "ex1"], course)
        seconds = self._run(["nbgrader", "autograde", "ex1"], course)
        self._run(["nbgrader", "export"], course)
        with (course / "grades.csv").open(newline="") as stream:
            scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(stream)}
        _all_full("nbgrader", list(scores.values()), len(submissions), len(tests))
        return Pace(len(submissions), seconds)

    def otter(self, submissions: Sequence[Path], jobs: int) -> Pace:
        """`otter run`, its documented way without containers, in ``jobs`` processes side by side."""
        folder = self._folder / "otter"
        for number, (name, source) in enumerate(self._assignment.tests.items()):
            test = folder / f"tests/q{number:02}_{name}.py"
            test.parent.mkdir(parents=True, exist_ok=True)
            test.write_text(OTTER_TEST.format(name=name, source=source))
        (folder / "otter_config.json").write_text("{}")
        self._run(["otter", "generate", "--no-requirements", "--no-environment"], folder)
        notebooks = []
        for number, submission in enumerate(submissions):
            notebooks.append(folder / f"learner{number:02}/ex1.ipynb")
            _write(notebooks[-1], [nbformat.v4.new_code_cell(self._assignment.set_up), *_code(submission)])

        def grade(notebook: Path) -> float:
            out = notebook.parent / "out"
            out.mkdir()
            self._run(["otter", "run", "-a", "autograder.zip", "-o", str(out), str(notebook)], folder)
            results = json.loads((out / "results.json").read_text())
            return float(sum(test["score"] for test in results["tests"] if "score" in test))

        started = time.monotonic()
        with ThreadPoolExecutor(jobs) as pool:
            scores = list(pool.map(grade, notebooks))
        seconds = time.monotonic() - started
        _all_full("otter", scores, len(submissions), len(self._assignment.tests))
        return Pace(len(submissions), seconds)


OTTER_TEST = """
from otter.test_files import test_case

OK_FORMAT = False
name = {name!r}
points = 1


@test_case()
def test(env):
    exec({source!r}, env)
"""


def _provide(home: Path) -> None:
    """Make the environment, unless it is there and holds what it should."""
    wanted = "\n".join([*PEERS, *(f"{name}=={importlib.metadata.version(name)}" for name in OURS)])
    stamp = home / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"installing nbgrader and otter-grader in {home} ...", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    timed([sys.executable, "-m", "venv", str(home)])
    timed([str(home / "bin/python"), "-m", "pip", "install", "--quiet", *wanted.split()])
    stamp.write_text(wanted)


def _code(submission: Path) -> list[Any]:
    return [nbformat.v4.new_code_cell(cell.source) for cell in read(submission).cells if cell.language == "python"]


def _cell(source: str, name: str, *, points: int = 0) -> Any:
    """A cell that learners may not change; with points it is a test."""
    cell = nbformat.v4.new_code_cell(source)
    about = {"grade_id": name, "locked": True, "solution": False, "task": False, "schema_version": 3}
    cell.metadata["nbgrader"] = {**about, "grade": bool(points), **({"points": points} if points else {})}
    return cell


def _write(path: Path, cells: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def _all_full(who: str, scores: list[float], submissions: int, points: int) -> None:
    """One that fails on the way is quick, and measures nothing."""
    if scores != [float(points)] * submissions:
        sys.exit(f"{who} did not give all {submissions} submissions the full {points} points: {scores}")
