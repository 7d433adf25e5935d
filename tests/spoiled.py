"""Finished labs whose evidence is spoiled, and the suites that judge it.

A lab is raised once for an exercise, with an accepted solution. What it left behind is then changed in every way that a
learner could bring about, and the suite's tests are called on it. What logged models answer is recorded once.
"""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import importlib
import inspect
import json
import os
import random
import shutil
import sqlite3
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from grader import catalog, lab, submission
from grader.catalog import Exercise
from grader.evidence import Mismatch, Unreadable, workspace
from grader.lab import sandbox
from grader.lab.probe import Prober
from grader.runtime import templates
from grader.suite.api import Lab, Unmet

SEED = 1
RESULTS, STORE = "run/results.json", f"root/{templates.STORE}"
FEATURES = "root/features/catalogue.json"
WORKSPACE = f"root/{workspace.NAME}"
PARTS = {
    RESULTS: ("results",),
    STORE: ("tracking", "registry", "_behaviour"),
    FEATURES: ("features",),
    WORKSPACE: ("workspace",),
}
"""What a lab has read of a file."""


class Answers:
    """Stands for a probe: tells what the real one told, or whatever a model might say in its place."""

    def __init__(self, real: Prober | None, root: Path, told: dict[str, Any] | None = None) -> None:
        self._real = real
        self._root = root
        self.told = {} if told is None else told
        self.instead: Any = None
        """What every model answers for each row, or a whole answer as a dictionary."""

    def ask(self, model: Path, flavor: str, calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        place = str(model.relative_to(self._root)) if model.is_relative_to(self._root) else _digest(model)
        key = json.dumps([place, flavor, list(calls)])
        if isinstance(self.instead, dict):
            return self.instead
        if self.instead is not None:
            return {"calls": [{"values": [self.instead[0]] * len(call["rows"])} for call in calls]}
        if self._real is not None and key not in self.told:
            self.told[key] = self._real.ask(model, flavor, calls)
        answer: dict[str, Any] = self.told.get(key, {"ended": "timeout"})
        return answer


def _digest(folder: Path) -> str:
    """Tells changed copies of a model apart."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Finished:
    """What an accepted solution left behind, in ``folder``."""

    exercise: Exercise
    folder: Path
    seen_at: str
    facts: Mapping[str, Any]
    reported: str
    data: Any
    told: dict[str, Any]
    came_with: Mapping[str, int]
    """How many versions each Delta table has in a fresh lab, by its path below the lab's root."""

    @cached_property
    def right(self) -> Lab:
        """What the suite sees of it as it is. All of it has been looked at."""
        seen = Lab(self.folder, self.data, self.facts, self.seen_at, self.answers(self.folder), None, self.reported)  # type: ignore[arg-type]
        assert set(judge(self, seen)[0].values()) == {"passed"}
        return seen

    def answers(self, place: Path) -> Answers:
        """What the models answer, asked in a copy at this place."""
        return Answers(None, place.resolve() / "root", self.told)

    def spoiled(self, place: Path, part: str) -> Lab:
        """What the suite sees of a copy in which one part was changed, without looking at the others anew.

        ``part``: a file's or a table's path below the lab's folder.
        """
        seen = Lab(place, self.data, self.facts, self.seen_at, self.answers(place), None, self.reported)  # type: ignore[arg-type]
        known = dict(self.right.__dict__)
        tables = known.get("_tables", {}).items()
        known["_tables"] = {name: table for name, table in tables if table and not str(table.path).endswith(part)}
        forged = known.get("_forged", {}).items()
        known["_forged"] = {key: told for key, told in forged if key[0] in known["_tables"]}
        for name in PARTS.get(part, ()):
            known.pop(name, None)
        seen.__dict__.update({name: value for name, value in known.items() if name not in seen.__dict__})
        return seen

    def tables(self) -> list[str]:
        """The Delta tables' paths below the lab's root."""
        root = self.folder / "root"
        return sorted(str(log.parent.relative_to(root)) for log in root.rglob("_delta_log"))


def finish(name: str, solution: str, folder: Path) -> Finished:
    """Raise a lab for an accepted solution, and keep what is left of it in ``folder``."""
    exercise = catalog.find(name)
    file = catalog.home() / "solutions" / exercise.name / "accepted" / solution
    data = lab.load_fixture(exercise).plan(SEED)
    with lab.folder() as place:
        isolation = sandbox.choose("auto")
        read = submission.read(file)
        record = lab.run(exercise, read, SEED, place, isolation=isolation, notify=lambda _: None)
        assert all(cell.outcome in ("ok", "text") for cell in record.cells)
        for part in ("root", "run"):
            shutil.copytree(place / part, folder / part, ignore=_sockets)
        for database in (folder / STORE, folder / WORKSPACE):
            if database.exists():
                _settle(database)
        with closing(Prober(place, isolation)) as prober:
            answers = Answers(prober, folder.resolve() / "root")
            finished = Finished(
                exercise,
                folder,
                record.seen_at,
                record.facts,
                record.reported,
                data,
                answers.told,
                _came_with(exercise),
            )
            seen = Lab(folder, data, record.facts, record.seen_at, answers, None, record.reported)  # type: ignore[arg-type]
            judged, mistakes = judge(finished, seen)
    assert not mistakes and judged == {check.id: "passed" for check in exercise.checks}, (judged, mistakes)
    return finished


def _settle(database: Path) -> None:
    """Bring all of it into one file."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (Path(folder, name).is_file() or Path(folder, name).is_dir())]


def _came_with(exercise: Exercise) -> dict[str, int]:
    fixture = lab.load_fixture(exercise)
    with tempfile.TemporaryDirectory() as fresh:
        root = Path(fresh) / "root"
        root.mkdir()
        shutil.copy(templates.provide(lambda _: None) / templates.STORE, root)
        fixture.write(fixture.plan(SEED), root)
        return {str(log.parent.relative_to(root)): len(list(log.glob("*.json"))) for log in root.rglob("_delta_log")}


def copy(finished: Finished, place: Path, part: str) -> None:
    """A copy in which one part is to be spoiled. Its files are the same ones: replace them, and never write into them.

    A copy that is there is used again where the part is a file, since the last change was to the same one.
    """
    if place.exists() and part in PARTS:
        (place / part).unlink()
        os.link(finished.folder / part, place / part)
        return
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(finished.folder, place, copy_function=os.link)


def judge(finished: Finished, seen: Lab) -> tuple[dict[str, str], list[str]]:
    """How each check ends, and the mistakes that the suite makes over it."""
    given = {"lab": seen, "data": finished.data}
    outcomes: dict[str, str] = {}
    unmet: dict[str, str] = {}
    mistakes: list[str] = []
    for check_id, test in suite(finished.exercise).items():
        try:
            test(**{name: given[name] for name in inspect.signature(test).parameters})
            outcomes[check_id] = "passed"
        except Mismatch as error:
            assert error.expected and error.found, check_id
            outcomes[check_id] = "failed"
        except Unreadable as error:
            assert error.expected and error.found, check_id
            outcomes[check_id] = "unreadable"
        except Unmet as error:
            assert error.why, check_id
            outcomes[check_id], unmet[check_id] = "not_reached", error.check_id
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            mistakes.append(f"{check_id}: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")
    mistakes += [
        f"{check} hangs on {other}, which passed" for check, other in unmet.items() if outcomes.get(other) == "passed"
    ]
    return outcomes, mistakes


def suite(exercise: Exercise) -> dict[str, Callable[..., None]]:
    """The suite's tests by the check that they judge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(exercise.suite))
        modules = [importlib.import_module(path.stem) for path in sorted(exercise.suite.glob("test_*.py"))]
    return {
        test.pytestmark[0].args[0]: test
        for module in modules
        for name, test in vars(module).items()
        if name.startswith("test_") and test.__module__ == module.__name__
    }


# Tables


def rewrite(path: Path, came_with: int, *versions: pa.Table) -> None:
    """Give a table these versions after those that it came with."""
    log = path / "_delta_log"
    if not came_with:
        shutil.rmtree(path)
    else:
        for file in list(log.iterdir()):
            number = file.name.lstrip(".").split(".")[0]
            if not (number.isdigit() and int(number) < came_with and file.suffix == ".json"):
                file.unlink() if file.is_file() else shutil.rmtree(file)
    for rows in versions:
        write_deltalake(str(path), rows, mode="overwrite", schema_mode="overwrite")


def rows_of(path: Path) -> pa.Table:
    """A table's newest rows."""
    return pa.table(DeltaTable(str(path)).to_pyarrow_table())


def spoil_table(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows with one column missing, renamed, of another type, null, nested or huge; and too few or many rows."""
    for at, field in enumerate(rows.schema):
        name, column = field.name, rows.column(at)
        if rows.num_columns > 1:
            yield f"{name} missing", rows.remove_column(at)
        yield f"{name} renamed", rows.rename_columns([f"{n}_x" if n == name else n for n in rows.column_names])
        for kind, values in spoil_column(column).items():
            yield f"{name} {kind}", rows.set_column(at, name, values)
    yield "no rows", rows.slice(0, 0)
    yield "one row", rows.slice(0, 1)
    yield "rows twice", pa.concat_tables([rows, rows])
    yield "columns in another order", rows.select(rows.column_names[::-1])
    yield "another column alone", pa.table({"x": [1]})


def spoil_column(column: pa.ChunkedArray) -> dict[str, pa.Array]:
    values, count = column.to_pylist(), len(column)
    return {
        "null": pa.nulls(count, column.type),
        "partly null": pa.array([None if n % 3 else value for n, value in enumerate(values)], column.type),
        "as text": pa.array([None if value is None else str(value) for value in values], pa.string()),
        "as true": pa.array([True] * count),
        "as floats": pa.array([n + 0.5 for n in range(count)]),
        "no finite numbers": pa.array([(float("nan"), float("inf"), -float("inf"))[n % 3] for n in range(count)]),
        "huge": pa.array([2**62 + n for n in range(count)]),
        "zero": pa.array([0] * count),
        "decimals": pa.array([decimal.Decimal(n) / 8 for n in range(count)], pa.decimal128(20, 3)),
        "days": pa.array([dt.date(2026, 1, 1)] * count),
        "moments": pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * count, pa.timestamp("us", "UTC")),
        "bytes": pa.array([b"\xff\x00"] * count),
        "lists": pa.array([[n, None] for n in range(count)], pa.list_(pa.int64())),
        "records": pa.array([{"a": n, "b": [{"c": None}]} for n in range(count)]),
        "long texts": pa.array(["x" * 5000] * count),
    }


# Results

ODD: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        10**400,
        3.0,
        0.1,
        1e308,
        "",
        "x",
        "3",
        "nan",
        "NAType",
        "NaTType",
        [],
        [None],
        [1],
        [[1]],
        [[[1]]],
    ),
    *([1, "a", None, [2]], {}, {"a": 1}, {"a": {"b": [1]}}, [{"a": 1}], "2026-01-01T00:00:00", "x" * 10_000),
    *("0001-01-01T00:00:00+14:00", ["1", "2"], ["x"], [1.5, 2.5]),
]


def spoil_result(told: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """What may stand in the place of a result; None for nothing."""
    yield "missing", None
    for value in ODD:
        for kind in _types(value):
            yield f"{kind} {str(value)[:20]}", {"kind": "value", "type": kind, "value": value}
    for java in (None, "java.lang.RuntimeException", "org.apache.spark.sql.AnalysisException"):
        text = None if java is None else f"{java}: it"
        yield (
            f"exception {java}",
            {"kind": "exception", "type": "E", "message": "", "java": java, "text": text, "stack": ""},
        )
    yield "another", {"kind": "other", "type": "builtins.object"}
    yield "unreadable", {"kind": "error", "name": "TimeoutError", "message": "late"}
    frames: Mapping[str, Any] = (
        told if told["kind"] == "frame" else {"kind": "frame", "of": "pandas", "columns": [["a", ""]], "rows": [[1]]}
    )
    columns, rows = frames["columns"], frames["rows"]
    yield "no rows", {**frames, "rows": []}
    yield "no columns", {**frames, "columns": [], "rows": [[]]}
    yield "twice", {**frames, "rows": rows * 2}
    for at, (name, _) in enumerate(columns):
        yield (
            f"{name} missing",
            {**frames, "columns": columns[:at] + columns[at + 1 :], "rows": [row[:at] + row[at + 1 :] for row in rows]},
        )
        renamed = [[f"{n}_x" if n == name else n, t] for n, t in columns]
        yield f"{name} renamed", {**frames, "columns": renamed}
        yield (
            f"{name} doubled",
            {**frames, "columns": [*columns, columns[at]], "rows": [[*row, row[at]] for row in rows]},
        )
        for value in ODD:
            spoiled = [[*row[:at], value, *row[at + 1 :]] for row in rows]
            yield f"{name} {str(value)[:20]}", {**frames, "rows": spoiled}


def _types(value: Any) -> list[str]:
    if isinstance(value, list):
        return ["list", "tuple", "set"]
    return [type(value).__name__]


def spoil_nested(right: Any, odd: Sequence[Any], rng: random.Random, count: int) -> Iterator[Any]:
    """Nested data ``count`` times, each time with another of its parts gone, odd or like another part."""
    for _ in range(count):
        told = _anew(right)
        ways = list(_ways(told))
        if not ways:
            return
        *way, last = rng.choice(ways)
        inner = _part(told, way)
        if rng.random() < 0.1:
            del inner[last]
        else:
            inner[last] = rng.choice(odd) if rng.random() < 0.7 else _anew(_part(told, rng.choice(ways)))
        yield _anew(told)


def _ways(value: Any, *way: Any) -> Iterator[tuple[Any, ...]]:
    """The ways to all parts of nested data."""
    if way:
        yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _ways(part, *way, name)


def _part(value: Any, way: Sequence[Any]) -> Any:
    for name in way:
        value = value[name]
    return value


def _anew(value: Any) -> Any:
    return json.loads(json.dumps(value))
