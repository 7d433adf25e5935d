"""Dynamic value references: ``{{job.id}}``, ``{{tasks.train.values.score}}`` and the like in parameters.

Written from the public page "What is a dynamic value reference?". What names no known namespace stays as it is.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from .shapes import wrong

_REFERENCE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_PART = re.compile(r"`([^`]*)`|([^.`]+)")
_OLD = {
    "job_id": "job.id",
    "run_id": "task.run_id",
    "parent_run_id": "job.run_id",
    "task_key": "task.name",
    "task_retry_count": "task.retry_count",
    "start_date": "job.start_time.iso_date",
    "start_time": "job.start_time.timestamp_ms",
}
"""Spellings of before, which Databricks understands still."""
_TIMES: dict[str, Callable[[datetime.datetime], str]] = {
    "iso_date": lambda at: at.date().isoformat(),
    "iso_datetime": lambda at: at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    "iso_weekday": lambda at: str(at.isoweekday()),
    "is_weekday": lambda at: str(at.isoweekday() < 6).lower(),
    "year": lambda at: str(at.year),
    "month": lambda at: f"{at.month:02}",
    "day": lambda at: f"{at.day:02}",
    "hour": lambda at: f"{at.hour:02}",
    "minute": lambda at: f"{at.minute:02}",
    "second": lambda at: f"{at.second:02}",
    "timestamp_ms": lambda at: str(int(at.timestamp() * 1000)),
}
NAMESPACES = ("job", "task", "tasks", "workspace")


def time_of(at_ms: int, form: str) -> str | None:
    """A time in one of the published forms, or None when there is no such form."""
    make = _TIMES.get(form)
    return make(datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)) if make else None


def resolve(value: Any, known: Callable[[list[str]], str | None]) -> Any:
    """The value with references replaced, in whatever lists and objects it has.

    ``known`` gives the text for a reference's parts. Raises ApiError when it gives None.
    """
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _replaced(match, known), value) if "{{" in value else value
    if isinstance(value, Mapping):
        return {key: resolve(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [resolve(each, known) for each in value]
    return value


def _replaced(match: re.Match[str], known: Callable[[list[str]], str | None]) -> str:
    name = _OLD.get(match[1], match[1])
    parts = [quoted or plain for quoted, plain in _PART.findall(name)]
    if len(parts) < 2 or parts[0] not in NAMESPACES:
        return match[0]
    told = known(parts)
    if told is None:
        raise wrong(f"Invalid dynamic value reference {match[0][:200]}: there is no such value.")
    return told
