"""What the workspace keeps: one SQLite file in the lab's folder, changed in transactions only.

Whatever was acknowledged has been committed, so it outlives the server's end, however sudden. Other parts of the
workspace keep tables of their own here: see :meth:`State.ensure`. The file lies where notebooks and jobs can write to
it. So a delivery that is due has a seal, and one that the server has not made itself is not made.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = "workspace.db"
BUSY_SECONDS = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, model_name TEXT, events TEXT NOT NULL,
  status TEXT NOT NULL, description TEXT, http TEXT, job TEXT, created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, shown TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS webhooks_of_model ON webhooks (model_name);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, event TEXT NOT NULL, model_name TEXT, version TEXT,
  body TEXT NOT NULL, test INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  due_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER, seal TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_ms) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT, delivery_id INTEGER NOT NULL, webhook_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
  target TEXT NOT NULL, signature TEXT, status_code INTEGER, response TEXT, error TEXT
);
CREATE TABLE IF NOT EXISTS activities (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, name TEXT NOT NULL,
  version TEXT NOT NULL, user_id TEXT NOT NULL, comment TEXT, from_stage TEXT, to_stage TEXT,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, open INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS activities_of_version ON activities (name, version);
CREATE TABLE IF NOT EXISTS receivers (name TEXT PRIMARY KEY, behaviour TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS received (
  id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, at_ms INTEGER NOT NULL, method TEXT NOT NULL,
  headers TEXT NOT NULL, body BLOB NOT NULL, answered INTEGER NOT NULL
);
"""


def now_ms() -> int:
    """The time in milliseconds since 1970, as Databricks gives times."""
    return time.time_ns() // 1_000_000


class State:
    """The workspace's database. Safe to use from any thread.

    ``key`` is what the SQL function ``seal(webhook_id, body)`` makes its seals with. Servers of the same workspace, one
    after another, have the same.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._key = key
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # What is committed is with the system, and outlives this process: a failing machine is not a lab's concern.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        # A trigger that somebody has put into the file must not have its rows sealed.
        self._connection.execute("PRAGMA trusted_schema = OFF")
        self._connection.create_function("seal", 2, self._seal)
        self.ensure(_SCHEMA)

    def ensure(self, schema: str) -> None:
        """Make tables that are not there yet (``CREATE TABLE IF NOT EXISTS`` statements)."""
        with self._lock:
            self._connection.executescript(schema)

    def _seal(self, webhook: object, body: object) -> str:
        return hmac.new(self._key, f"{webhook}\n{body}".encode(errors="replace"), hashlib.sha256).hexdigest()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction, committed at the end of the block or undone when it raises; a part of the one around it."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row that a query finds."""
        found = self.rows(query, *values)
        return found[0] if found else None

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()
