"""What a training set is made of, once its lookups are resolved: plain values, kept as YAML beside a logged model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Column:
    """A column and its Spark type, as ``simpleString`` tells it."""

    name: str
    type: str


@dataclass(frozen=True)
class Feature:
    """A feature of a table, the name it gets, its type, and what stands for null."""

    name: str
    output: str
    type: str
    default: Any = None


@dataclass(frozen=True)
class Lookup:
    """Features of one table. ``by`` are the DataFrame's columns, ``keys`` the table's, in the same order; ``at`` and
    ``time`` likewise for the point in time. ``lookback`` is in seconds."""

    table: str
    by: tuple[str, ...]
    keys: tuple[str, ...]
    features: tuple[Feature, ...]
    at: str | None = None
    time: str | None = None
    lookback: float | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that it adds."""
        return tuple(Column(feature.output, feature.type) for feature in self.features)

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that it looks features up by."""
        return self.by if self.at is None else (*self.by, self.at)


@dataclass(frozen=True)
class Function:
    """A function of columns: ``bindings`` are pairs of its parameter and a column."""

    udf: str
    bindings: tuple[tuple[str, str], ...]
    output: str
    type: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """The one column that it adds."""
        return (Column(self.output, self.type),)

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that it computes from."""
        return tuple(column for _, column in self.bindings)


Step = Lookup | Function


@dataclass(frozen=True)
class Spec:
    """A training set: the DataFrame's columns but for labels, what is added to them in order, and what is left out."""

    inputs: tuple[Column, ...]
    steps: tuple[Step, ...]
    labels: tuple[Column, ...]
    exclude: tuple[str, ...]

    @property
    def added(self) -> tuple[Column, ...]:
        """The features, in the order in which they are added."""
        return tuple(column for step in self.steps for column in step.columns)

    @property
    def model_inputs(self) -> tuple[Column, ...]:
        """What a model trained on it is given: all columns but labels and those left out."""
        return tuple(column for column in (*self.inputs, *self.added) if column.name not in self.exclude)

    @property
    def required(self) -> tuple[Column, ...]:
        """The DataFrame's columns that a batch to score must have."""
        needed = {name for step in self.steps for name in step.needs}
        return tuple(column for column in self.inputs if column.name in needed or column.name not in self.exclude)

    def dump(self) -> dict[str, Any]:
        """Plain data, for YAML."""
        return {
            "version": VERSION,
            "inputs": [dataclasses.asdict(column) for column in self.inputs],
            "features": [_plain(step) for step in self.steps],
            "labels": [dataclasses.asdict(column) for column in self.labels],
            "exclude_columns": list(self.exclude),
        }

    @staticmethod
    def load(data: dict[str, Any]) -> Spec:
        """What :meth:`dump` told."""
        return Spec(
            tuple(Column(**column) for column in data["inputs"]),
            tuple(_step(step) for step in data["features"]),
            tuple(Column(**column) for column in data["labels"]),
            tuple(data["exclude_columns"]),
        )


def _plain(step: Step) -> dict[str, Any]:
    if isinstance(step, Function):
        return {"function": step.udf, "input_bindings": dict(step.bindings), "output": step.output, "type": step.type}
    told: dict[str, Any] = {
        "table": step.table,
        "lookup_key": list(step.by),
        "primary_keys": list(step.keys),
        "features": [dataclasses.asdict(feature) for feature in step.features],
    }
    if step.at is not None:
        told |= {"timestamp_lookup_key": step.at, "timestamp_key": step.time, "lookback_seconds": step.lookback}
    return told


def _step(data: dict[str, Any]) -> Step:
    if "function" in data:
        bindings = tuple(data["input_bindings"].items())
        return Function(data["function"], bindings, data["output"], data["type"])
    return Lookup(
        data["table"],
        tuple(data["lookup_key"]),
        tuple(data["primary_keys"]),
        tuple(Feature(**feature) for feature in data["features"]),
        data.get("timestamp_lookup_key"),
        data.get("timestamp_key"),
        data.get("lookback_seconds"),
    )
