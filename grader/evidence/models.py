"""A logged model, read from its folder: the ``MLmodel`` file and what lies beside it. Nothing is unpickled.

Keys and formats are those of MLflow's documentation page "MLflow Models" ("Storage Format").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from grader.evidence import Unreadable, files

MOST_CARD_BYTES = 64 << 10
MOST_EXAMPLE_BYTES = 4 << 20


@dataclass(frozen=True)
class Column:
    """A column (or tensor, or param) of a signature: MLflow's type name, such as ``double`` or ``long``."""

    name: str | None
    type: str
    required: bool = True
    default: Any = None


@dataclass(frozen=True)
class Example:
    """A saved input example of a table's shape: the columns' names, and the rows in their order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class PlainLoader(yaml.SafeLoader):
    """Knows no merges: MLflow never writes them, and they can make small files endless."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        pass  # The merge is then a key of a type that nothing can be made of.


@dataclass(frozen=True)
class Model:
    """A model's folder. ``id`` is MLflow 3's (``m-...``), None for one found among a run's artifacts.

    ``param_names`` are those of the params logged for the model itself. ``measured`` are the names of the metrics that
    its run logged for it together with the dataset that they were measured on.
    """

    path: Path
    name: str
    id: str | None
    run_id: str | None
    created_ms: int = 0
    param_names: frozenset[str] = frozenset()
    measured: frozenset[str] = frozenset()

    @property
    def card(self) -> Mapping[str, Any]:
        """The ``MLmodel`` file. Raises Unreadable when it is missing or no such file."""
        if isinstance(self._card, Unreadable):
            raise Unreadable(str(self._card))
        return self._card

    @cached_property
    def _card(self) -> Mapping[str, Any] | Unreadable:
        """Read once, whatever comes of it: a file made for it can take seconds."""
        try:
            return self._read_card()
        except Unreadable as error:
            return error

    def _read_card(self) -> Mapping[str, Any]:
        content = files.read_bytes(self.path / "MLmodel", MOST_CARD_BYTES)
        try:
            card = yaml.load(content, PlainLoader)
        except Exception as error:  # PyYAML raises many kinds for text that is not what its tag says
            raise Unreadable(f"the MLmodel file of {self.name} can't be read") from error
        if not isinstance(card, dict) or not isinstance(card.get("flavors"), dict):
            raise Unreadable(f"the MLmodel file of {self.name} names no flavors")
        return card

    @property
    def flavors(self) -> Mapping[str, Mapping[str, Any]]:
        flavors = self.card["flavors"].items()
        return {name: flavor for name, flavor in flavors if isinstance(name, str) and isinstance(flavor, dict)}

    @property
    def inputs(self) -> tuple[Column, ...] | None:
        """The signature's inputs, None without any."""
        return self._columns("inputs")

    @property
    def outputs(self) -> tuple[Column, ...] | None:
        return self._columns("outputs")

    @property
    def params(self) -> tuple[Column, ...] | None:
        """The params that the signature declares, with their defaults."""
        return self._columns("params")

    def _columns(self, part: str) -> tuple[Column, ...] | None:
        signature = self.card.get("signature")
        text = signature.get(part) if isinstance(signature, dict) else None
        if not isinstance(text, str):
            return None
        try:
            return tuple(map(_column, json.loads(text)))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"the signature of {self.name} can't be read") from error

    @cached_property
    def example(self) -> Example | None:
        """The saved input example, None when there is none or it is no table."""
        info = self.card.get("saved_input_example_info")
        if not isinstance(info, dict):
            return None
        name = info.get("artifact_path")
        if not isinstance(name, str) or "/" in name or not files.is_file(self.path / name):
            return None
        try:
            data = json.loads(files.read_bytes(self.path / name, MOST_EXAMPLE_BYTES))
            return _example(data["inputs"] if info.get("params") else data)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    @property
    def requirements(self) -> tuple[str, ...]:
        """The lines of ``requirements.txt``, without comments and empty ones."""
        text = files.read_bytes(self.path / "requirements.txt", MOST_CARD_BYTES).decode(errors="replace")
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return tuple(line for line in lines if line)


def _column(told: Any) -> Column:
    name = told.get("name")
    return Column(
        None if name is None else str(name),
        str(told.get("type")),
        bool(told.get("required", True)),
        told.get("default"),
    )


def _example(data: Any) -> Example | None:
    if isinstance(data, list) and data:  # rows by name, each in an order of its own
        names = data[0].keys()
        same = all(row.keys() == names for row in data)
        return Example(tuple(names), tuple(tuple(row[name] for name in names) for row in data)) if same else None
    if "columns" not in data:  # a dictionary that was given as it is: a column's values, or one row's, by name
        lists = [value if isinstance(value, list) else [value] for value in data.values()]
        nested = any(isinstance(value, list | dict) for values in lists for value in values)
        if not lists or len({len(values) for values in lists}) != 1 or nested:
            return None
        return Example(tuple(data), tuple(zip(*lists, strict=True)))
    columns, rows = tuple(map(str, data["columns"])), data["data"]
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        return None
    return Example(columns, tuple(map(tuple, rows)))
