"""From a change in the registry to the deliveries that are due for it.

There is one source: the journal that triggers write in MLflow's own store, in the transaction that makes the change.
So a change counts whoever made it, through this server or straight in the file, and exactly once: a cursor in the
workspace's database moves on in the transaction that adds the deliveries. Comments and transition requests, which
MLflow does not know, add theirs in the transaction that keeps them.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .state import State, now_ms
from .wire import ApiError

STAGES = ("STAGING", "PRODUCTION", "ARCHIVED")
EVENTS = (
    "MODEL_VERSION_CREATED",
    "MODEL_VERSION_TRANSITIONED_STAGE",
    "TRANSITION_REQUEST_CREATED",
    "COMMENT_CREATED",
    "REGISTERED_MODEL_CREATED",
    "MODEL_VERSION_TAG_SET",
    *(f"MODEL_VERSION_TRANSITIONED_TO_{stage}" for stage in STAGES),
    *(f"TRANSITION_REQUEST_TO_{stage}_CREATED" for stage in STAGES),
)

READ_SECONDS = 5.0
MOST_AT_ONCE = 500
_CURSOR = "registry_journal"
_JOURNAL = "SELECT id, at_ms, what, name, version, key, old, new FROM registry_journal WHERE id > ? ORDER BY id LIMIT ?"


class Journal:
    """Reads MLflow's store (never writes it) and turns what its journal tells into deliveries."""

    def __init__(self, store: Path, state: State) -> None:
        self._store = store
        self._state = state
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def query(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the store. Raises ApiError when it can't be read now."""
        with self._lock:
            try:
                return self._open().execute(query, values).fetchall()
            except (sqlite3.Error, OSError) as error:
                self._file = None
                raise ApiError("TEMPORARILY_UNAVAILABLE", f"The registry can't be read: {error}") from error

    def _open(self) -> sqlite3.Connection:
        """The connection to the file that is there now: a store may be put in another's place."""
        stat = self._store.stat()
        if self._connection is None or self._file != (stat.st_dev, stat.st_ino):
            if self._connection is not None:
                self._connection.close()
            # Not read-only: whoever is killed while writing leaves something to undo, which the next reader does.
            self._connection = sqlite3.connect(
                f"{self._store.absolute().as_uri()}?mode=rw", uri=True, timeout=READ_SECONDS, check_same_thread=False
            )
            self._connection.text_factory = lambda text: text.decode(errors="replace")
            self._file = (stat.st_dev, stat.st_ino)
        return self._connection

    def has_model(self, name: str) -> bool:
        """Whether there is a registered model of this name."""
        return bool(self.query("SELECT 1 FROM registered_models WHERE name = ?", name))

    def stage(self, name: str, version: str) -> str:
        """The stage of a version. Raises ApiError as MLflow does when there is none."""
        number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
        found = self.query("SELECT current_stage FROM model_versions WHERE name = ? AND version = ?", name, number)
        if not found or found[0][0] == "Deleted_Internal":
            raise ApiError("RESOURCE_DOES_NOT_EXIST", f"Model Version (name={name}, version={version}) not found")
        return str(found[0][0])

    def drain(self) -> int:
        """Add the deliveries for all that the journal has to tell; returns how many changes that were."""
        told = 0
        while True:
            seen = self._seen()
            rows = self.query(_JOURNAL, seen, MOST_AT_ONCE)
            if not rows:
                return told
            with self._state.change() as changing:
                if self._seen() != seen:  # another thread was faster
                    continue
                for row in rows:
                    with contextlib.suppress(ValueError, TypeError):  # a row that no trigger wrote
                        _tell(changing, *row[1:])
                changing.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (_CURSOR, rows[-1][0]))
            told += len(rows)

    def _seen(self) -> int:
        row = self._state.row("SELECT value FROM cursors WHERE name = ?", _CURSOR)
        return int(row["value"]) if row else 0


def _tell(
    changing: sqlite3.Connection, at_ms: int, what: str, name: str, number: Any, key: Any, old: Any, new: Any
) -> None:
    """Add the deliveries for one row of the journal; let webhooks follow their model where it is renamed or deleted."""
    version = None if number is None else str(int(number))
    subject = f"egistered model '{name}'" + (f" version {version}" if version else "")
    if what == "model":
        announce(changing, ("REGISTERED_MODEL_CREATED",), name, None, f"R{subject} was created.", at_ms=at_ms)
    elif what == "version":
        announce(changing, ("MODEL_VERSION_CREATED",), name, version, f"R{subject} was created.", at_ms=at_ms)
    elif what == "stage" and new != "Deleted_Internal":
        names = ("MODEL_VERSION_TRANSITIONED_STAGE", *_to(new, "MODEL_VERSION_TRANSITIONED_TO_{}"))
        text = f"R{subject} transitioned from {old} to {new}."
        announce(changing, names, name, version, text, {"to_stage": new, "from_stage": old}, at_ms=at_ms)
    elif what == "tag":
        text = f"A user set version tag(s) '{key}' => '{new}' for r{subject}."
        tags = {"tags": [{"key": key, "value": new}]}
        announce(changing, ("MODEL_VERSION_TAG_SET",), name, version, text, tags, at_ms=at_ms)
    elif what == "renamed":
        rows = changing.execute("SELECT id, shown FROM webhooks WHERE model_name = ?", (old,)).fetchall()
        for row in rows:
            shown = json.dumps({**json.loads(row["shown"]), "model_name": name})
            changing.execute("UPDATE webhooks SET model_name = ?, shown = ? WHERE id = ?", (name, shown, row["id"]))
    elif what == "gone":
        changing.execute("DELETE FROM webhooks WHERE model_name = ?", (name,))


def _to(stage: object, pattern: str) -> tuple[str, ...]:
    upper = str(stage).upper()
    return (pattern.format(upper),) if upper in STAGES else ()


def request_events(stage: str) -> tuple[str, ...]:
    """The events of a request to move a version to a stage."""
    return ("TRANSITION_REQUEST_CREATED", *_to(stage, "TRANSITION_REQUEST_TO_{}_CREATED"))


def announce(
    changing: sqlite3.Connection,
    events: tuple[str, ...],
    model: str,
    version: str | None,
    text: str,
    more: Mapping[str, Any] | None = None,
    *,
    at_ms: int | None = None,
) -> None:
    """Add a delivery for each active webhook and each of the events that it listens to."""
    hooks = changing.execute(
        "SELECT id, events FROM webhooks WHERE status = 'ACTIVE' AND (model_name IS NULL OR model_name = ?) "
        "ORDER BY number",
        (model,),
    ).fetchall()
    now = now_ms()
    for hook in hooks:
        listened = json.loads(hook["events"])
        for event in events:
            if event in listened:
                body = payload(event, hook["id"], model, version, text, more, at_ms=at_ms or now)
                changing.execute(
                    "INSERT INTO deliveries "
                    "(webhook_id, event, model_name, version, body, state, due_ms, created_ms, seal) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?6, seal(?1, ?5))",
                    (hook["id"], event, model, version, body, now),
                )


def payload(
    event: str,
    webhook: str,
    model: str,
    version: str | None,
    text: str,
    more: Mapping[str, Any] | None = None,
    *,
    at_ms: int,
) -> str:
    """What is sent to a webhook for an event."""
    told: dict[str, Any] = {"event": event, "webhook_id": webhook, "event_timestamp": at_ms, "model_name": model}
    if version is not None:
        told["version"] = version
    return json.dumps({**told, **(more or {}), "text": text})
