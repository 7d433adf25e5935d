"""What is known of feature tables besides their rows: one JSON file, which can be read from outside the lab too.

``features/catalogue.json`` in the lab's folder has ``version`` (1), ``tables`` (by ``schema.table``, in lower case),
``feature_specs`` and ``online_stores``. It is written anew as a whole, under a lock, so that nobody ever reads half of
it and two notebooks of one lab do not undo each other's changes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import session

FILE = "catalogue.json"
VERSION = 1


def read(spark: Any) -> dict[str, Any]:
    """The catalogue as it is now, for looking at only."""
    return _read(session.home(spark) / FILE)


@contextlib.contextmanager
def change(spark: Any) -> Iterator[dict[str, Any]]:
    """The catalogue to change: written when the block ends, unless it raises."""
    folder = session.home(spark)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = _read(folder / FILE)
        yield content
        fresh = folder / f".{FILE}.{os.getpid()}"
        fresh.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
        fresh.replace(folder / FILE)


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text()
    except FileNotFoundError:
        return {"version": VERSION, "tables": {}, "feature_specs": {}, "online_stores": {}}
    content: dict[str, Any] = json.loads(text)
    return content
