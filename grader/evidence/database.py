"""A lab's SQLite files, MLflow's store first of all, each read as the untrusted file that it is.

A copy is read, never the lab's own file. Views, virtual tables and functions that a schema may call are refused:
reading them would run what someone else wrote, and might never end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from grader.evidence import Unreadable, files

MOST_BYTES = 256 << 20
MOST_ROWS = 500_000
"""Rows of a table."""
MOST_LENGTH = 4 << 20
"""Characters of a single value."""
MOST_TEXT = 64 << 20
"""Characters of a table."""
MOST_SECONDS = 30
"""CPU time: a machine may be busy with others."""
_OPS_BETWEEN_LOOKS = 100_000
STORE = "MLflow's tracking store"
_ENDS_IN_A_NAME = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names another file; see "Multi-file Commit" in SQLite's "Atomic Commit In SQLite"."""

Row = Mapping[str, Any]


def read(path: Path, tables: Mapping[str, Iterable[str]], what: str = STORE) -> dict[str, list[Row]]:
    """All rows of the named tables, as dictionaries with the named columns. ``what`` the file is tells the learner.

    Raises Unreadable when the file is gone, damaged or too large, or when a table is not there as it was made.
    """
    with tempfile.TemporaryDirectory(prefix="grade-store-") as folder:
        copy = Path(folder) / "store.db"
        _copy(path, copy, what)
        try:
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                return _read(connection, tables, what)
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise Unreadable(f"{path.name}, {what}, is damaged or was changed by hand") from error


def _copy(path: Path, copy: Path, what: str) -> None:
    """Copy a database with what an interrupted write may have left beside it, which SQLite needs to undo it."""
    for suffix in ("", "-journal", "-wal"):
        source = path.with_name(path.name + suffix)
        if not os.path.lexists(source):
            if suffix:
                continue
            raise Unreadable(f"{path.name}, {what}, is gone")
        with files.opened(source, MOST_BYTES) as given, copy.with_name(copy.name + suffix).open("wb") as taken:
            shutil.copyfileobj(given, taken)
    if _names_another(copy.with_name(copy.name + "-journal")):
        raise Unreadable(f"{path.name}, {what}, was changed by hand")


def _names_another(journal: Path) -> bool:
    """Whether a journal names another file, one kept for a change to several databases.

    SQLite would open that file and delete it, and it could be any of the user's. MLflow's store is one database.
    """
    if not journal.exists():
        return False
    with journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - len(_ENDS_IN_A_NAME)))
        return file.read() == _ENDS_IN_A_NAME


def _read(connection: sqlite3.Connection, tables: Mapping[str, Iterable[str]], what: str) -> dict[str, list[Row]]:
    deadline = time.thread_time() + MOST_SECONDS
    connection.set_progress_handler(lambda: time.thread_time() > deadline, _OPS_BETWEEN_LOOKS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_LENGTH)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    kinds = {str(name): (kind, str(sql)) for name, kind, sql in connection.execute(_SCHEMA)}
    found: dict[str, list[Row]] = {}
    for table, wanted in tables.items():
        kind, sql = kinds.get(table, ("", ""))
        if kind != "table" or not sql.startswith("CREATE TABLE"):
            raise Unreadable(f"{what} has no table {table} as it was made")
        columns = list(wanted)
        # What a column computes may take for ever, or swell.
        if any(hidden for *_, hidden in connection.execute(f'PRAGMA table_xinfo("{table}")')):
            raise Unreadable(f"{what} has no table {table} as it was made")
        # With the table's name: SQLite would take the name of a column that is not there for a text.
        names = ", ".join(f'"{table}"."{column}"' for column in columns)
        rows = connection.execute(f'SELECT {names} FROM "{table}"')
        found[table] = [dict(zip(columns, row, strict=True)) for row in _bounded(rows, what)]
    return found


def _bounded(rows: Iterable[tuple[Any, ...]], what: str) -> Iterator[tuple[Any, ...]]:
    """The rows. Raises Unreadable when they are too many or too long: in a forged file one can stand for thousands."""
    length = 0
    for count, row in enumerate(rows, start=1):
        length += sum(len(value) for value in row if isinstance(value, str | bytes))
        if count > MOST_ROWS or length > MOST_TEXT:
            raise Unreadable(f"{what} holds more than can be judged")
        yield row


_SCHEMA = "SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
