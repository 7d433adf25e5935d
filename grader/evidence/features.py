"""What the feature store of a lab knows, read from its files: the catalogue, online stores, packaged models.

The files are described in ``docs/databricks.md`` ("What the judge reads"). They lie open in the lab's folder, so all of
them are taken as written by someone else.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from grader.evidence import Unreadable, database, files
from grader.evidence.models import Model, PlainLoader

FOLDER = "features"
CATALOGUE = f"{FOLDER}/catalogue.json"
PACKAGE = "data/feature_store"
"""Where a packaged model keeps what belongs to the feature store, in its folder."""
MOST_BYTES = 4 << 20
MOST_SPEC_BYTES = 256 << 10
MOST_STEPS, MOST_NAMES = 150, 1_000
_STORE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
_ONLINE = re.compile(r"[\w.]{1,200}", re.ASCII)


@dataclass(frozen=True)
class FeatureTable:
    """An entry of the catalogue. ``path`` is None when it names no place in the lab.

    ``primary_keys`` are without the timestamp key; ``online`` are pairs of store and table.
    """

    name: str
    path: Path | None
    primary_keys: tuple[str, ...]
    timestamp_keys: tuple[str, ...]
    description: str
    tags: Mapping[str, str]
    online: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Catalogue:
    """All feature tables, by ``schema.table`` in lower case."""

    root: Path
    tables: Mapping[str, FeatureTable]

    def find(self, name: str) -> FeatureTable | None:
        """The table of this name: ``table``, ``schema.table`` or ``catalog.schema.table``."""
        return self.tables.get(_key(name))

    def published(self, store: str, table: str, columns: tuple[str, ...]) -> list[Mapping[str, Any]]:
        """The rows of a table in an online store, with these columns.

        Raises Unreadable when it is not there, lacks a column, or can't be read.
        """
        folder = self.root / FOLDER / "online"
        if not (_STORE.fullmatch(store) and _ONLINE.fullmatch(table)):
            raise Unreadable("the feature store's catalogue names an online store or table that can't be one")
        if not all(map(files.is_folder, (folder.parent, folder))):
            raise Unreadable(f"there is no online store {store!r}")
        try:
            return database.read(folder / f"{store}.db", {table: columns})[table]
        except Unreadable as error:
            raise Unreadable(f"the online store {store!r} has no table {table!r} with such rows") from error


@dataclass(frozen=True)
class Feature:
    """A feature of a table, the name that it gets, and what stands for null."""

    name: str
    output: str
    default: Any


@dataclass(frozen=True)
class Lookup:
    """Features looked up in a table: ``by`` columns of the batch, matched with the table's ``keys`` in that order."""

    table: str
    by: tuple[str, ...]
    keys: tuple[str, ...]
    features: tuple[Feature, ...]
    at: str | None


@dataclass(frozen=True)
class Package:
    """What a model that a feature store client logged keeps: its lookups, and the model itself as ``raw``.

    ``inputs`` are the columns of the training set's DataFrame without labels; ``functions`` the names of features that
    are computed.
    """

    inputs: tuple[str, ...]
    lookups: tuple[Lookup, ...]
    functions: tuple[str, ...]
    labels: tuple[str, ...]
    excluded: tuple[str, ...]
    raw: Model

    @property
    def columns(self) -> tuple[str, ...]:
        """What the model itself is given, in this order."""
        added = [feature.output for lookup in self.lookups for feature in lookup.features]
        return tuple(name for name in (*self.inputs, *added, *self.functions) if name not in self.excluded)


def open_catalogue(root: Path, seen_at: str) -> Catalogue:
    """The catalogue of the lab below ``root``, which the lab knows as ``seen_at``; empty where none was ever written.

    Raises Unreadable when the file is not what the clients write.
    """
    file = root / CATALOGUE
    if not os.path.lexists(file):
        return Catalogue(root, {})
    if not files.is_folder(file.parent):
        raise Unreadable("the feature store's folder is a link: what it leads to is not the lab's")
    content = files.read_bytes(file, MOST_BYTES)
    try:
        told = json.loads(content)
        found = {_key(name): _table(_dict(entry), root, seen_at) for name, entry in _dict(told["tables"]).items()}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("the feature store's catalogue was changed by hand, and can't be read") from error
    return Catalogue(root, found)


def _key(name: str) -> str:
    parts = name.replace("`", "").lower().split(".")
    return ".".join(parts[-2:] if len(parts) > 1 else ["default", *parts])


def _table(told: dict[str, Any], root: Path, seen_at: str) -> FeatureTable:
    description = told["description"]
    tags = _dict(told["tags"])
    return FeatureTable(
        name=_text(told["name"]),
        path=files.inside(root, seen_at, _text(told["path"])),
        primary_keys=_texts(told["primary_keys"]),
        timestamp_keys=_texts(told["timestamp_keys"]),
        description="" if description is None else _text(description),
        tags={_text(key): _text(value) for key, value in tags.items()},
        online=tuple((_text(place["store"]), _text(place["table"])) for place in map(_dict, _list(told["online"]))),
    )


def package(model: Model) -> Package | None:
    """What a feature store client put beside a model, None for one that was logged without.

    Raises Unreadable when that is not what the clients write.
    """
    folder = model.path / PACKAGE
    file = folder / "feature_spec.yaml"
    if not all(map(files.is_folder, (model.path, folder.parent, folder))) or not files.is_file(file):
        return None
    if not files.is_folder(folder / "raw_model"):
        raise Unreadable(f"{model.name} has a feature_spec.yaml, and no model beside it")
    content = files.read_bytes(file, MOST_SPEC_BYTES)
    try:
        told = _dict(yaml.load(content, PlainLoader))
        steps = [_dict(step) for step in _list(told["features"], MOST_STEPS)]
        return Package(
            inputs=_names(told["inputs"]),
            lookups=tuple(_lookup(step) for step in steps if "function" not in step),
            functions=tuple(_text(step["output"]) for step in steps if "function" in step),
            labels=_names(told["labels"]),
            excluded=_texts(told["exclude_columns"]),
            raw=replace(model, path=folder / "raw_model"),
        )
    except Exception as error:  # PyYAML raises many kinds for text that is not what its tag says
        raise Unreadable(f"the feature_spec.yaml of {model.name} can't be read") from error


def _lookup(told: dict[str, Any]) -> Lookup:
    at = told.get("timestamp_lookup_key")
    features = [_dict(feature) for feature in _list(told["features"])]
    return Lookup(
        _text(told["table"]),
        _texts(told["lookup_key"]),
        _texts(told["primary_keys"]),
        tuple(Feature(_text(one["name"]), _text(one["output"]), _value(one.get("default"))) for one in features),
        None if at is None else _text(at),
    )


def _value(told: Any) -> Any:
    """A default value: what stands in a column, no more. Of times their text."""
    if isinstance(told, date):
        return told.isoformat()
    if isinstance(told, int) and abs(told) >= 1 << 63:
        raise TypeError("no number of a column")
    if told is None or isinstance(told, bool | int | float | str):
        return told
    raise TypeError("no value of a column")


def _names(told: Any) -> tuple[str, ...]:
    return tuple(_text(_dict(column)["name"]) for column in _list(told))


def _texts(told: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(told)))


def _dict(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise TypeError("no dictionary")
    return told


def _list(told: Any, most: int = MOST_NAMES) -> list[Any]:
    if not isinstance(told, list) or len(told) > most:
        raise TypeError("no list, or too long a one")
    return told


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError("no text")
    return told
