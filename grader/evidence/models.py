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

MOST_CARD_BYTES = 256 << 10
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


@dataclass(frozen=True)
class Model:
    """A model's folder. ``id`` is MLflow 3's (``m-...``), None for one found among a run's artifacts."""

    path: Path
    name: str
    id: str | None
    run_id: str | None
    created_ms: int = 0

    @cached_property
    def card(self) -> Mapping[str, Any]:
        """The ``MLmodel`` file. Raises Unreadable when it is missing or no such file."""
        content = files.read_bytes(self.path / "MLmodel", MOST_CARD_BYTES)
        if b"<<" in content:  # merges, which MLflow never writes, can make small files endless
            raise Unreadable(f"the MLmodel file of {self.name} is not one that MLflow wrote")
        try:
            card = yaml.safe_load(content)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise Unreadable(f"the MLmodel file of {self.name} can't be read") from error
        if not isinstance(card, dict) or not isinstance(card.get("flavors"), dict):
            raise Unreadable(f"the MLmodel file of {self.name} names no flavors")
        return card

    @property
    def flavors(self) -> Mapping[str, Mapping[str, Any]]:
        return {str(name): flavor for name, flavor in self.card["flavors"].items() if isinstance(flavor, dict)}

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
            return tuple(
                Column(c.get("name"), str(c.get("type")), bool(c.get("required", True)), c.get("default"))
                for c in json.loads(text)
            )
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"the signature of {self.name} can't be read") from error

    @cached_property
    def example(self) -> Example | None:
        """The saved input example, None when there is none or it is no table."""
        info = self.card.get("saved_input_example_info")
        name = info.get("artifact_path") if isinstance(info, dict) else None
        if not isinstance(name, str) or "/" in name or not (self.path / name).is_file():
            return None
        try:
            data = json.loads(files.read_bytes(self.path / name, MOST_EXAMPLE_BYTES))
            if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):  # orient "records"
                return Example(tuple(map(str, data[0])), tuple(tuple(row.values()) for row in data))
            return Example(tuple(map(str, data["columns"])), tuple(map(tuple, data["data"])))
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    @property
    def requirements(self) -> tuple[str, ...]:
        """The lines of ``requirements.txt``, without comments and empty ones."""
        text = files.read_bytes(self.path / "requirements.txt", MOST_CARD_BYTES).decode(errors="replace")
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return tuple(line for line in lines if line)
