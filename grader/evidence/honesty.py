"""Holds a table's commits against the data files and statistics they name.

A log is text, and text can be typed. What can't be typed in passing is a log that agrees with the size, row
count, value ranges and origin of every file, and with the row counts of the versions before and after.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from grader.evidence import files
from grader.evidence.delta import Commit, DataFile, Table

SPARK = "Apache-Spark/"
DELTA_RS = "delta-rs"


def contradiction(table: Table, *, trusted: int = 0) -> str | None:
    """The first contradiction between the log and the files, as a sentence for the learner, or None.

    The first ``trusted`` versions came with the lab and are not looked at.
    """
    for commit in table.commits[trusted:]:
        wrong = _wrong(table, commit)
        if wrong:
            return f"version {commit.version} of {table.path.name} was not written by Delta Lake: {wrong}"
    return None


def _wrong(table: Table, commit: Commit) -> str | None:
    if not commit.engine.startswith((SPARK, DELTA_RS)):
        return "its log entry names no engine that writes Delta tables"
    before = table.files(commit.version - 1) if commit.version else {}
    unknown = [path for path in commit.removed if path not in before]
    if unknown:
        return "its log entry removes files that the table did not have"
    for file in commit.added:
        wrong = _wrong_file(table, commit, file, known=file.path in before)
        if wrong:
            return wrong
    return _wrong_counts(table, commit, before)


def _wrong_file(table: Table, commit: Commit, file: DataFile, *, known: bool) -> str | None:
    path = table.path / file.path
    if not files.is_file(path):
        # VACUUM may have removed what a later version no longer holds.
        return "its log entry names a data file that does not exist" if file.path in table.files() else None
    if path.stat().st_size != file.size:
        return "a data file is not of the size that its log entry says"
    footer = _footer(path)
    if footer is None:
        return "a data file is no Parquet file"
    if file.rows is not None and footer.num_rows != file.rows:
        return "a data file holds another number of rows than its log entry says"
    restored = commit.operation == "RESTORE" or known
    if not restored and not _written_by(commit.engine, footer):
        return "a data file was not written by the engine that its log entry names"
    return _wrong_range(file, footer)


def _footer(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return None


def _written_by(engine: str, footer: Any) -> bool:
    created_by = str(footer.created_by or "")
    if engine.startswith(SPARK):
        return created_by.startswith("parquet-mr") and b"org.apache.spark.version" in (footer.metadata or {})
    # Its DELETE leaves writing to DataFusion.
    return created_by.startswith(("parquet-rs", "datafusion", DELTA_RS))


def _wrong_range(file: DataFile, footer: Any) -> str | None:
    """Whole numbers only: text statistics may be cut short, and floating point ones rounded."""
    for index in range(footer.num_columns):
        values = [footer.row_group(n).column(index) for n in range(footer.num_row_groups)]
        name = values[0].path_in_schema if values else ""
        if not isinstance(file.minimums.get(name), int) or not all(v.is_stats_set for v in values):
            continue
        ranges = [v.statistics for v in values if v.statistics.has_min_max]
        if len(ranges) != len(values) or not all(isinstance(r.min, int) for r in ranges):
            continue
        low, high = min(r.min for r in ranges), max(r.max for r in ranges)
        # With a deletion vector the statistics may be wider than the rows that are left, never narrower.
        if file.minimums[name] > low or file.maximums.get(name, high) < high:
            return "a data file holds values outside the range that its log entry says"
        if not file.deleted_rows and (file.minimums[name] != low or file.maximums.get(name) != high):
            return "a data file does not hold the range of values that its log entry says"
    return None


def _count(files: Iterable[DataFile]) -> int | None:
    total = 0
    for file in files:
        if file.rows is None:
            return None
        total += file.rows - file.deleted_rows
    return total


def _wrong_counts(table: Table, commit: Commit, before: dict[str, DataFile]) -> str | None:
    """The operation's own figures against the rows and files of the versions around it."""
    metrics = commit.metrics
    after = table.files(commit.version)
    rows_before, rows_after = _count(before.values()), _count(after.values())
    if rows_before is None or rows_after is None:
        return None
    grown = rows_after - rows_before
    claimed: int | None = None
    if commit.operation == "OPTIMIZE":
        claimed = 0
        if any(file.data_change for file in commit.added):
            return "an OPTIMIZE never changes data, and its log entry says it did"
        if not commit.removed and metrics.get("numRemovedFiles", 0):
            return "its log entry tells of files that it does not name"
    elif commit.operation in ("VACUUM START", "VACUUM END", "SET TBLPROPERTIES") or (
        commit.operation == "UPDATE" and "numUpdatedRows" in metrics
    ):
        claimed = 0
    elif commit.operation == "DELETE" and "numDeletedRows" in metrics:
        claimed = -metrics["numDeletedRows"]
    elif commit.operation == "MERGE" and "numTargetRowsInserted" in metrics:
        claimed = metrics["numTargetRowsInserted"] - metrics.get("numTargetRowsDeleted", 0)
    elif commit.operation == "WRITE" and "numOutputRows" in metrics and not commit.removed:
        claimed = metrics["numOutputRows"]
    if claimed is not None and claimed != grown:
        return "its log entry tells of other numbers of rows than its data files hold"
    if commit.operation in ("UPDATE", "MERGE", "DELETE") and not commit.added and not commit.removed:
        changed = [n for name, n in metrics.items() if name in _CHANGES]
        if any(changed):
            return "its log entry tells of changed rows, and it changed no file"
    return None


_CHANGES = frozenset(
    {
        "numUpdatedRows",
        "numDeletedRows",
        "numTargetRowsUpdated",
        "numTargetRowsInserted",
        "numTargetRowsDeleted",
    }
)
