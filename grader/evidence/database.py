"""MLflow's SQLite store, read as the untrusted file that it is.

A copy is read, never the lab's own file. Views, virtual tables and functions that a schema may call are refused:
reading them would run what someone else wrote, and might never end.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grader.evidence import Unreadable

MOST_BYTES = 256 << 20
MOST_ROWS = 500_000
MOST_SECONDS = 30
_OPS_BETWEEN_LOOKS = 100_000

Row = Mapping[str, Any]


def read(path: Path, tables: Mapping[str, Iterable[str]]) -> dict[str, list[Row]]:
    """All rows of the named tables, as dictionaries with the named columns.

    Raises Unreadable when the file is gone, damaged or too large, or when a table is not there as MLflow makes it.
    """
    with tempfile.TemporaryDirectory(prefix="grade-store-") as folder:
        copy = Path(folder) / "store.db"
        _copy(path, copy)
        try:
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                return _read(connection, tables)
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise Unreadable(f"{path.name}, MLflow's tracking store, is damaged or was changed by hand") from error


def _copy(path: Path, copy: Path) -> None:
    """Copy a database with what an interrupted write may have left beside it, which SQLite needs to undo it."""
    for suffix in ("", "-journal", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.is_symlink() or (source.exists() and not source.is_file()):
            raise Unreadable(f"{source.name} is no plain file")
        if source.exists():
            if source.stat().st_size > MOST_BYTES:
                raise Unreadable(f"{source.name}, MLflow's tracking store, is too large to be judged")
            shutil.copyfile(source, copy.with_name(copy.name + suffix))
        elif not suffix:
            raise Unreadable(f"{path.name}, MLflow's tracking store, is gone")


def _read(connection: sqlite3.Connection, tables: Mapping[str, Iterable[str]]) -> dict[str, list[Row]]:
    deadline = time.monotonic() + MOST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _OPS_BETWEEN_LOOKS)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    kinds = {str(name): (kind, str(sql)) for name, kind, sql in connection.execute(_SCHEMA)}
    found: dict[str, list[Row]] = {}
    for table, wanted in tables.items():
        kind, sql = kinds.get(table, ("", ""))
        if kind != "table" or not sql.startswith("CREATE TABLE"):
            raise Unreadable(f"the tracking store has no table {table} as MLflow makes it")
        columns = list(wanted)
        names = ", ".join(f'"{column}"' for column in columns)
        rows = connection.execute(f'SELECT {names} FROM "{table}" LIMIT {MOST_ROWS + 1}').fetchall()
        if len(rows) > MOST_ROWS:
            raise Unreadable("the tracking store holds more than can be judged")
        found[table] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


_SCHEMA = "SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
