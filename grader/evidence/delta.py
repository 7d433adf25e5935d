"""Delta tables, read from their log and data files without Spark.

The log is replayed here as the Delta Lake protocol describes it ("Delta Transaction Log Protocol", actions
``add``, ``remove``, ``metaData``, ``commitInfo``), since a verdict needs each commit's own actions; rows are
read by delta-rs, which knows deletion vectors, checkpoints and partitions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from grader.evidence import Unreadable, files
from grader.evidence.rows import Row, scalar

MOST_COMMITS = 1_000
MOST_LOG_BYTES = 20 << 20
MOST_ROWS = 200_000


_KNOWN_FEATURES = frozenset({"deletionVectors"})
"""The features of tables that delta-rs reads."""
_PHYSICAL = "delta.columnMapping.physicalName"

ReadOtherwise = Callable[[Path, int], Any]
"""Reads a version's rows, given the table's folder, as a table of Arrow; raises Unreadable if it can't."""


@dataclass(frozen=True)
class DataFile:
    """An ``add`` action: a data file that a commit made part of the table. ``size`` in bytes."""

    path: str
    size: int
    rows: int | None
    deleted_rows: int
    minimums: Mapping[str, Any]
    maximums: Mapping[str, Any]
    data_change: bool


@dataclass(frozen=True)
class Commit:
    """One version. ``timestamp`` in milliseconds since 1970; ``metrics`` are numbers as the engine wrote them."""

    version: int
    timestamp: int
    operation: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, int]
    engine: str
    added: tuple[DataFile, ...]
    removed: tuple[str, ...]
    columns: tuple[tuple[str, str], ...] | None
    """Names and types, if the commit set the schema."""
    properties: Mapping[str, str] | None
    """Table properties, if the commit set them."""
    comment: str | None = None
    """The table's own comment, if the commit set one."""
    features: frozenset[str] | None = None
    """What a reader must know to read the table, if the commit set it (action ``protocol``)."""
    physical: Mapping[str, str] = field(default_factory=dict)
    """The columns' names in the data files where these differ, if the commit set the schema (column mapping)."""


@dataclass(frozen=True)
class Table:
    """A Delta table with its whole history. Made by :func:`open_table`."""

    path: Path
    commits: tuple[Commit, ...]
    _read_otherwise: ReadOtherwise | None = field(default=None, repr=False, compare=False)
    _rows: dict[int, tuple[Row, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def version(self) -> int:
        """The newest version."""
        return self.commits[-1].version

    def rows(self, version: int | None = None) -> tuple[Row, ...]:
        """The rows at a version (the newest by default), in no particular order.

        Raises Unreadable when a data file is missing or broken, or the table is beyond all measure.
        """
        wanted = self.version if version is None else version
        if wanted not in self._rows:
            self._rows[wanted] = _read_rows(self, wanted, self._read_otherwise)
        return self._rows[wanted]

    def columns(self, version: int | None = None) -> dict[str, str]:
        """Column names and Delta types (``long``, ``string``, ``double`` ...) at a version."""
        found: dict[str, str] = {}
        for commit in self._until(version):
            if commit.columns is not None:
                found = dict(commit.columns)
        return found

    def features(self, version: int | None = None) -> frozenset[str]:
        """What a reader must know to read a version."""
        set_by = [commit.features for commit in self._until(version) if commit.features is not None]
        return set_by[-1] if set_by else frozenset()

    def physical(self, column: str, version: int | None = None) -> str:
        """What the data files call a column."""
        set_by = [commit.physical for commit in self._until(version) if commit.columns is not None]
        return set_by[-1].get(column, column) if set_by else column

    @cached_property
    def properties(self) -> dict[str, str]:
        """The table properties of the newest version."""
        found: dict[str, str] = {}
        for commit in self.commits:
            if commit.properties is not None:
                found = dict(commit.properties)
        return found

    @property
    def comment(self) -> str:
        """The newest version's comment on the table, as SQL's ``COMMENT`` sets it; empty without one."""
        set_by = [commit for commit in self.commits if commit.properties is not None]
        return (set_by[-1].comment or "") if set_by else ""

    def files(self, version: int | None = None) -> dict[str, DataFile]:
        """The data files that make up a version, by path."""
        active: dict[str, DataFile] = {}
        for commit in self._until(version):
            # A commit that only changes a file's deletion vector removes and adds the same path.
            for path in commit.removed:
                active.pop(path, None)
            active.update({file.path: file for file in commit.added})
        return active

    def values(self, path: str, column: str) -> tuple[Any, ...]:
        """A column's values in one data file, in the order in which they lie there; Unreadable if it can't be read."""
        import pyarrow.parquet as pq

        try:
            return tuple(pq.read_table(self.path / path, columns=[column], partitioning=None).column(0).to_pylist())
        except Exception as error:
            raise Unreadable(f"a data file of {self.path.name} can't be read") from error

    def _until(self, version: int | None) -> tuple[Commit, ...]:
        return self.commits if version is None else self.commits[: version + 1]

    def readable(self, version: int) -> bool:
        """Whether every data file of a version is still on disk."""
        return all(files.is_file(self.path / path) for path in self.files(version))


def open_table(path: Path, read_otherwise: ReadOtherwise | None = None) -> Table | None:
    """The Delta table at ``path``, or None if there is none. ``read_otherwise`` reads versions that delta-rs can't.

    Raises Unreadable when it holds links, devices or folders that can't be read, or when its log is broken, incomplete
    or too large.
    """
    log = path / "_delta_log"
    if not files.is_folder(path):
        return None
    files.refuse_strange(path)
    if not files.is_folder(log) or not any(log.glob("*.json")):
        return None
    entries = sorted(file for file in log.iterdir() if file.name.endswith(".json") and file.stem.isdigit())
    if len(entries) > MOST_COMMITS or sum(file.stat().st_size for file in entries) > MOST_LOG_BYTES:
        raise Unreadable(f"the history of {path.name} is too long to be judged")
    if [int(file.stem) for file in entries] != list(range(len(entries))):
        raise Unreadable(f"the history of {path.name} has gaps: versions are missing from its log")
    return Table(path, tuple(_read_commit(file) for file in entries), read_otherwise)


def _read_commit(file: Path) -> Commit:
    try:
        actions = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        return _commit(int(file.stem), file.parents[1].name, actions)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Unreadable(
            f"version {int(file.stem)} of {file.parents[1].name} has a log file that can't be read"
        ) from error


def _commit(version: int, table: str, actions: list[dict[str, Any]]) -> Commit:
    added, removed, info = [], [], {}
    metadata = protocol = None
    for action in actions:
        if "add" in action:
            added.append(_data_file(table, action["add"]))
        elif "remove" in action:
            removed.append(_inside(table, action["remove"]["path"]))
        elif "commitInfo" in action:
            info = action["commitInfo"]
        elif "metaData" in action:
            metadata = action["metaData"]
        elif "protocol" in action:
            protocol = action["protocol"]
    columns, physical = None, {}
    if metadata is not None:
        fields = json.loads(metadata["schemaString"])["fields"]
        physical = {f["name"]: str(name) for f in fields if (name := (f.get("metadata") or {}).get(_PHYSICAL))}
        columns = tuple((f["name"], f["type"] if isinstance(f["type"], str) else f["type"]["type"]) for f in fields)
    metrics = {
        str(name): int(value)
        for name, value in (info.get("operationMetrics") or {}).items()
        if str(value).lstrip("-").isdigit()
    }
    return Commit(
        version=version,
        timestamp=int(info.get("timestamp", 0)),
        operation=str(info.get("operation", "")),
        parameters=dict(info.get("operationParameters") or {}),
        metrics=metrics,
        engine=str(info.get("engineInfo", "")),
        added=tuple(added),
        removed=tuple(removed),
        columns=columns,
        properties=None if metadata is None else _texts(metadata.get("configuration") or {}),
        features=None if protocol is None else _features(protocol),
        physical=physical,
        comment=None if metadata is None or metadata.get("description") is None else str(metadata["description"]),
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _features(protocol: Mapping[str, Any]) -> frozenset[str]:
    """The names of the features that a reader must know (Delta Transaction Log Protocol, "Table Features")."""
    named = frozenset(map(str, protocol.get("readerFeatures") or ()))
    return named | {"columnMapping"} if int(protocol["minReaderVersion"]) == 2 else named


def _data_file(table: str, add: dict[str, Any]) -> DataFile:
    stats = json.loads(add["stats"]) if add.get("stats") else {}
    vector = add.get("deletionVector") or {}
    return DataFile(
        path=_inside(table, add["path"]),
        size=int(add["size"]),
        rows=stats.get("numRecords"),
        deleted_rows=int(vector.get("cardinality", 0)),
        minimums=stats.get("minValues") or {},
        maximums=stats.get("maxValues") or {},
        data_change=bool(add.get("dataChange", True)),
    )


def _inside(table: str, path: str) -> str:
    """A data file's path, which must lie in the table's own folder."""
    plain = unquote(path)
    if plain.startswith("/") or ":" in plain or ".." in plain.split("/"):
        raise Unreadable(f"the log of {table} names a file outside the table's folder")
    return plain


def _read_rows(table: Table, version: int, read_otherwise: ReadOtherwise | None) -> tuple[Row, ...]:
    of = f"version {version} of {table.path.name}"
    features = table.features(version) - _KNOWN_FEATURES
    try:
        data = read_otherwise(table.path, version) if features and read_otherwise else _read(table.path, version)
        rows: list[dict[str, Any]] = data.to_pylist()
    except BaseException as error:
        # delta-rs panics on some broken files; a panic is a BaseException.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | Unreadable):
            raise
        why = f"; it uses {', '.join(sorted(features))}, which the grader can't read" if features else ""
        raise Unreadable(f"{of} can't be read from its files{why}") from error
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"{table.path.name} has more rows than can be judged")
    return tuple(Row(of, ((name, scalar(value)) for name, value in row.items())) for row in rows)


def _read(path: Path, version: int) -> Any:
    import pyarrow as pa
    from deltalake import DeltaTable, QueryBuilder

    query = QueryBuilder().register("t", DeltaTable(str(path), version=version))
    return pa.table(query.execute(f"SELECT * FROM t LIMIT {MOST_ROWS + 1}").read_all())
