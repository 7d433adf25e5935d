"""Suites on evidence of every shape: they judge it, and never break. What a learner can bring about is their mistake.

Raises a lab for each exercise, and spoils what it left behind (:mod:`tests.spoiled`).
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests import spoiled
from tests.spoiled import RESULTS, STORE, WORKSPACE, Finished

pytestmark = [pytest.mark.lab, pytest.mark.proof, pytest.mark.timeout(3600)]

ACCEPTED = {
    "ex1": "sql_only.py",
    "ex2": "feature_store_client.py",
    "ex3": "fluent_api.py",
    "ex4": "fluent_api.py",
    "ex5": "fluent_api.py",
    "ex6": "rest_interface.py",
}


@pytest.fixture(scope="module", params=ACCEPTED)
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    request.config.addinivalue_line("markers", "check(id): judges the declared check of this id")
    name: str = request.param
    return spoiled.finish(name, ACCEPTED[name], tmp_path_factory.mktemp(name))


Change = Callable[[Path], object]
"""What spoils a part of a copy of a finished lab."""


def judged(finished: Finished, place: Path, changes: Iterable[tuple[str, str, Change]]) -> None:
    """Make each change in a fresh copy and have it judged. Of each its name, the part that it spoils, and how."""
    mistakes = {}
    for name, part, change in changes:
        spoiled.copy(finished, place, part)
        change(place)
        _, wrong = spoiled.judge(finished, finished.spoiled(place, part))
        if wrong:
            mistakes[name] = wrong
    assert not mistakes, "\n".join(f"{name}: {told}" for name, told in mistakes.items())


def test_whatever_a_table_holds(finished: Finished, tmp_path: Path) -> None:
    def holding(name: str, versions: Sequence[pa.Table]) -> Change:
        return lambda place: spoiled.rewrite(place / "root" / name, finished.came_with.get(name, 0), *versions)

    def changes() -> Iterator[tuple[str, str, Change]]:
        for name in finished.tables():
            right = spoiled.rows_of(finished.folder / "root" / name)
            for what, rows in spoiled.spoil_table(right):
                yield f"{name}: {what}", name, holding(name, [rows])
                yield f"{name}: {what} for a while", name, holding(name, [right, rows, right])

    judged(finished, tmp_path / "lab", changes())


def test_whatever_the_results_are(finished: Finished, tmp_path: Path) -> None:
    right: dict[str, Any] = json.loads((finished.folder / RESULTS).read_text())

    def holding(results: dict[str, Any]) -> Change:
        return lambda place: replace(place / RESULTS, json.dumps(results))

    def changes() -> Iterator[tuple[str, str, Change]]:
        for name, told in right.items():
            for what, instead in spoiled.spoil_result(told):
                others = {other: value for other, value in right.items() if other != name}
                yield f"{name}: {what}", RESULTS, holding(others if instead is None else {**others, name: instead})

    judged(finished, tmp_path / "lab", changes())


def replace(file: Path, text: str) -> None:
    """Write a file anew: the one that is there is shared with others."""
    file.unlink()
    file.write_text(text)


@pytest.mark.parametrize(
    "told",
    [*[[value] for value in spoiled.ODD], {"ended": "timeout"}, {"error": {}}, {"calls": 7}],
    ids=lambda told: str(told)[:20],
)
def test_whatever_a_model_answers(finished: Finished, told: Any) -> None:
    if not finished.exercise.probes:
        pytest.skip("its suite asks no models")
    seen = finished.spoiled(finished.folder, STORE)
    seen.prober.instead = told  # type: ignore[attr-defined]
    assert not spoiled.judge(finished, seen)[1]


STORED = {
    "runs": ("name", "status", "start_time", "end_time", "artifact_uri", "lifecycle_stage"),
    "params": ("value",),
    "metrics": ("value", "step", "timestamp", "is_nan"),
    "tags": ("value",),
    "logged_models": ("name", "artifact_location", "creation_timestamp_ms", "source_run_id"),
    "model_versions": ("description", "source", "run_id", "current_stage", "creation_time"),
    "model_version_tags": ("value",),
    "registered_models": ("description",),
    "registered_model_tags": ("value",),
    "registered_model_aliases": ("version",),
    "inputs": ("source_type", "source_id", "destination_type", "destination_id"),
    "input_tags": ("name", "value"),
    "logged_model_metrics": ("metric_name", "metric_value", "dataset_digest"),
    "logged_model_params": ("param_key", "param_value"),
}
VALUES = (None, "", "x", "1e400", "nan", "-1", "9" * 400, "[1]", 0, -1, 2**62, 1.5, 1e308, float("inf"))


def test_whatever_the_tracking_store_holds(finished: Finished, tmp_path: Path) -> None:
    """Each row of the learner's missing, and each of its values another."""

    def changes() -> Iterator[tuple[str, str, Change]]:
        with closing(sqlite3.connect(finished.folder / STORE)) as connection:
            for table, columns in STORED.items():
                # The last rows are the learner's; the first came with the lab.
                ids = [row[0] for row in connection.execute(f"SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT 40")]
                for place, number in enumerate(ids):
                    yield f"{table} {number} gone", STORE, storing(f"DELETE FROM {table} WHERE rowid = ?", number)
                    column, value = columns[place % len(columns)], VALUES[place % len(VALUES)]
                    statement = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?"
                    yield f"{table} {number} {column} {value!r}"[:80], STORE, storing(statement, value, number)

    judged(finished, tmp_path / "lab", changes())


def storing(statement: str, *values: object, part: str = STORE) -> Change:
    """A change of a database."""

    def change(place: Path) -> None:
        content = (place / part).read_bytes()
        (place / part).unlink()
        (place / part).write_bytes(content)
        refused = suppress(sqlite3.IntegrityError)  # what the database itself refuses can't happen
        with closing(sqlite3.connect(place / part)) as connection, connection, refused:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(statement, values)

    return change


CHANGES = 10
"""How many times each nested value of the workspace is changed."""
ROWS = 12
"""How many rows of each of the workspace's tables are changed: the last ones are the learner's."""


def test_whatever_the_workspace_holds(finished: Finished, tmp_path: Path) -> None:
    """Rows that are missing, values of another kind, and jobs, webhooks and messages with anything in their JSON."""
    if not (finished.folder / WORKSPACE).exists():
        pytest.skip("the exercise has no workspace")

    rng = random.Random(6)

    def changes() -> Iterator[tuple[str, str, Change]]:
        with closing(sqlite3.connect(finished.folder / WORKSPACE)) as connection:
            connection.row_factory = sqlite3.Row
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in (name for name in tables if not name.startswith("sqlite_")):
                found = connection.execute(f"SELECT rowid AS place, * FROM {table} ORDER BY rowid DESC LIMIT {ROWS}")
                for turn, row in enumerate(map(dict, found.fetchall())):
                    place = row.pop("place")
                    gone = f"DELETE FROM {table} WHERE rowid = ?"
                    yield f"{table} {place} gone", WORKSPACE, storing(gone, place, part=WORKSPACE)
                    for number, (column, value) in enumerate(row.items()):
                        statement = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?"
                        other = VALUES[(turn + number) % len(VALUES)]
                        values = [(repr(other), other)]
                        if isinstance(value, str) and value[:1] in ("{", "["):
                            told = spoiled.spoil_nested(json.loads(value), spoiled.ODD, rng, CHANGES)
                            values += [(one, one) for one in map(json.dumps, told)]
                        for what, instead in values:
                            name = f"{table} {place} {column} {what}"[:200]
                            yield name, WORKSPACE, storing(statement, instead, place, part=WORKSPACE)

    judged(finished, tmp_path / "lab", changes())
