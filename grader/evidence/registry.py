"""Registered models, their versions, stages, aliases and tags, read from MLflow's store without MLflow.

Names and meanings follow MLflow's documentation page "MLflow Model Registry". The journal, which tells in which order
stages and aliases were set, is the lab's own addition to the store (``grader/runtime/templates.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.evidence import Unreadable, database
from grader.evidence.database import Row
from grader.runtime.templates import JOURNAL

DELETED = "Deleted_Internal"
"""The stage by which MLflow marks a version that was deleted."""

_TOLD = ("version", "stage", "alias")
_TABLES = {
    "registered_models": ("name", "creation_time", "last_updated_time", "description"),
    "registered_model_tags": ("name", "key", "value"),
    "model_versions": (
        *("name", "version", "creation_time", "last_updated_time", "description", "current_stage"),
        *("source", "run_id", "status"),
    ),
    "model_version_tags": ("name", "version", "key", "value"),
    "registered_model_aliases": ("name", "alias", "version"),
    JOURNAL: ("id", "at_ms", "what", "name", "version", "old", "new"),
}


@dataclass(frozen=True)
class Version:
    """A version of a registered model. Times in milliseconds since 1970; ``stage`` as MLflow spells it.

    ``source`` is the URI that it was registered from, ``run_id`` the run that logged the model, if known.
    """

    number: int
    stage: str
    description: str
    tags: Mapping[str, str]
    source: str
    run_id: str | None
    status: str
    created_ms: int
    updated_ms: int


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model. ``versions`` by number, without deleted ones; ``aliases`` name a version's number."""

    name: str
    description: str
    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: Mapping[int, Version]
    deleted: frozenset[int]
    """Numbers of the versions that were deleted."""

    def in_stage(self, stage: str) -> tuple[int, ...]:
        """Numbers of the versions in a stage, ascending."""
        return tuple(sorted(n for n, version in self.versions.items() if version.stage == stage))


@dataclass(frozen=True)
class Event:
    """One entry of the journal. ``what``: version (made), stage or alias; ``name`` is the model's name in the end.

    Of a stage ``old`` and ``new`` are the stages. Of an alias ``new`` is its name, ``old`` the version that it
    pointed to before, and ``version`` the one it points to now, None when the alias was removed.
    """

    at_ms: int
    what: str
    name: str
    version: int | None
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Registry:
    """All registered models by name, and what happened to them in the order in which it did."""

    models: Mapping[str, RegisteredModel]
    journal: tuple[Event, ...]

    def stages(self, name: str, version: int) -> tuple[str, ...]:
        """The stages that a version was put in, one after another, beginning with the first it had."""
        stages: list[str] = []
        for event in self.journal:
            if (event.name, event.version) == (name, version) and event.what in ("version", "stage"):
                # Where its model was deleted and made anew, the number is that of another version.
                stages = [*([] if event.what == "version" else stages), str(event.new)]
        return tuple(stages)

    def pointed(self, name: str, alias: str) -> tuple[int | None, ...]:
        """The versions that an alias was set to, one after another; None where it was removed."""
        own = [e for e in self.journal if e.name == name and e.what == "alias" and e.new == alias]
        return tuple(event.version for event in own)


def open_registry(path: Path) -> Registry:
    """The registry in MLflow's store at ``path``. Raises Unreadable as :func:`grader.evidence.database.read`."""
    tables = database.read(path, _TABLES)
    try:
        return _registry(tables)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable("the registry holds values that MLflow never writes") from error


def _registry(tables: Mapping[str, list[Row]]) -> Registry:
    tags: dict[Any, dict[str, str]] = defaultdict(dict)
    for row in (*tables["registered_model_tags"], *tables["model_version_tags"]):
        tags[row["name"], row.get("version")][str(row["key"])] = str(row["value"])
    aliases: dict[str, dict[str, int]] = defaultdict(dict)
    for row in tables["registered_model_aliases"]:
        aliases[str(row["name"])][str(row["alias"])] = int(row["version"])
    versions: dict[str, dict[int, Version]] = defaultdict(dict)
    deleted: dict[str, set[int]] = defaultdict(set)
    for row in tables["model_versions"]:
        name, number = str(row["name"]), int(row["version"])
        if row["current_stage"] == DELETED:
            deleted[name].add(number)
        else:
            versions[name][number] = _version(row, tags[row["name"], row["version"]])
    models = {}
    for row in tables["registered_models"]:
        name = str(row["name"])
        models[name] = RegisteredModel(
            name=name,
            description=_text(row["description"]),
            tags=tags[row["name"], None],
            aliases=aliases[name],
            versions=dict(sorted(versions[name].items())),
            deleted=frozenset(deleted[name]),
        )
    return Registry(models, tuple(_events(tables[JOURNAL])))


def _version(row: Row, tags: Mapping[str, str]) -> Version:
    return Version(
        number=int(row["version"]),
        stage=str(row["current_stage"]),
        description=_text(row["description"]),
        tags=tags,
        source=_text(row["source"]),
        run_id=_text(row["run_id"]) or None,
        status=str(row["status"]),
        created_ms=int(row["creation_time"]),
        updated_ms=int(row["last_updated_time"]),
    )


def _events(rows: Iterable[Row]) -> Iterable[Event]:
    """The entries for :attr:`Registry.journal`, with the names that the models have now."""
    events: list[Event] = []
    places: dict[str, list[int]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["id"])):
        what, name = str(row["what"]), str(row["name"])
        old, new = (None if row[key] is None else str(row[key]) for key in ("old", "new"))
        if what == "renamed":
            moved = places.pop(str(old), [])
            places[name] = moved  # and what had this name before is gone
            for place in moved:
                events[place] = replace(events[place], name=name)
        elif what in _TOLD:
            places[name].append(len(events))
            version = None if row["version"] is None else int(row["version"])
            events.append(Event(int(row["at_ms"]), what, name, version, old, new))
        elif what == "gone":
            places.pop(name, None)
    return events


def _text(value: object) -> str:
    return "" if value is None else str(value)
