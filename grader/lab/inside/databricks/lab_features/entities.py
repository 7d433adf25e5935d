"""The value classes of the public interface: lookups, functions, tables.

Follows the pages "Feature Lookup", "Feature Function" and "Feature Table" of Databricks' Python API reference, and
"Train models with feature tables".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any


class _Value:
    """Equal by value, and shown with its arguments."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"{type(self).__name__}({told})"

    __hash__ = None  # type: ignore[assignment]


class FeatureLookup(_Value):
    """Which features of a table a training set gets, and by which of its columns they are looked up.

    ``table_name``: a feature table. ``lookup_key``: the columns of the DataFrame that are matched with the table's
    primary keys, in that order (without a timestamp key). ``feature_names``: one, several, or None for all but the
    keys. ``rename_outputs``: new names by feature. ``timestamp_lookup_key``: the DataFrame's time, needed for a
    time-series table: its latest row at or before that time is taken. ``lookback_window``: how old that row may be at
    most; of just that age it still counts. ``default_values``: what stands for null, by the feature's name in the
    training set.

    Raises ValueError for arguments that can't belong to any table.
    """

    def __init__(
        self,
        table_name: str,
        lookup_key: str | list[str],
        *,
        feature_names: str | list[str] | None = None,
        rename_outputs: dict[str, str] | None = None,
        timestamp_lookup_key: str | list[str] | None = None,
        lookback_window: datetime.timedelta | None = None,
        default_values: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        feature_names, rename_outputs = _earlier(feature_names, rename_outputs, kwargs)
        self.table_name = table_name
        self.lookup_key = lookup_key
        self.feature_names = feature_names
        self.rename_outputs = rename_outputs
        self.timestamp_lookup_key = timestamp_lookup_key
        self.lookback_window = lookback_window
        self.default_values = default_values
        self._check()

    def _check(self) -> None:
        if not isinstance(self.table_name, str):
            raise ValueError(f"table_name is the name of a feature table, not {self.table_name!r}.")
        if not names(self.lookup_key, "lookup_key"):
            raise ValueError(f"The lookup of '{self.table_name}' needs a lookup_key.")
        asked = names(self.feature_names, "feature_names")
        if self.feature_names is not None and not asked:
            raise ValueError("feature_names is empty: name features, or leave it out to look up all but the keys.")
        times = names(self.timestamp_lookup_key, "timestamp_lookup_key")
        if len(times) > 1:
            raise ValueError(f"A lookup takes one timestamp_lookup_key, not {times}.")
        for argument in ("rename_outputs", "default_values"):
            value = getattr(self, argument)
            if value is not None and not isinstance(value, dict):
                raise ValueError(f"{argument} is a dictionary by feature name, not {value!r}.")
        renamed = self.rename_outputs or {}
        if self.feature_names is not None:
            no_feature(renamed, asked, "rename_outputs", self.table_name)
            outputs = [renamed.get(name, name) for name in asked]
            no_feature(self.default_values or {}, outputs, "default_values", self.table_name)
        if self.lookback_window is not None:
            if not times:
                raise ValueError("lookback_window says how far to look back from a timestamp_lookup_key: give both.")
            if not isinstance(self.lookback_window, datetime.timedelta):
                raise ValueError(f"lookback_window is a datetime.timedelta, not {self.lookback_window!r}.")
            if self.lookback_window < datetime.timedelta(0):
                raise ValueError("lookback_window must not be negative.")


class FeatureFunction(_Value):
    """A function of a row's columns and features, computed when a training set is loaded or a batch scored.

    ``udf_name``: a function that Spark knows (``CREATE FUNCTION`` or ``spark.udf.register``). ``input_bindings``: the
    column or feature for each of its parameters. ``output_name``: the feature's name, by default ``udf_name``.
    """

    def __init__(
        self, *, udf_name: str, input_bindings: dict[str, str] | None = None, output_name: str | None = None
    ) -> None:
        if not isinstance(udf_name, str) or not udf_name:
            raise ValueError(f"udf_name is the name of a function that Spark knows, not {udf_name!r}.")
        if input_bindings is not None and not isinstance(input_bindings, dict):
            raise ValueError(f"input_bindings is a dictionary from parameters to columns, not {input_bindings!r}.")
        self.udf_name = udf_name
        self.input_bindings = dict(input_bindings or {})
        self.output_name = output_name or udf_name


class FeatureTable(_Value):
    """What is known of a feature table. Made by ``create_table`` and ``get_table``.

    ``primary_keys`` has no timestamp key among them, ``features`` all other columns but those two kinds.
    """

    def __init__(
        self,
        name: str,
        table_id: str,
        description: str | None,
        primary_keys: list[str],
        partition_columns: list[str],
        features: list[str],
        creation_timestamp: int | None = None,
        online_stores: list[Any] | None = None,
        notebook_producers: list[Any] | None = None,
        job_producers: list[Any] | None = None,
        table_data_sources: list[str] | None = None,
        path_data_sources: list[str] | None = None,
        custom_data_sources: list[str] | None = None,
        timestamp_keys: list[str] | None = None,
        tags: dict[str, str] | None = None,
        path: str | None = None,
    ) -> None:
        self.name = name
        self.table_id = table_id
        self.description = description
        self.primary_keys = primary_keys
        self.partition_columns = partition_columns
        self.features = features
        self.creation_timestamp = creation_timestamp
        self.online_stores = online_stores or []
        self.notebook_producers = notebook_producers or []
        self.job_producers = job_producers or []
        self.table_data_sources = table_data_sources or []
        self.path_data_sources = path_data_sources or []
        self.custom_data_sources = custom_data_sources or []
        self.timestamp_keys = timestamp_keys or []
        self.tags = tags or {}
        self.path = path

    @property
    def timeseries_columns(self) -> list[str]:
        """The timestamp keys, by the name that Unity Catalog has for them."""
        return self.timestamp_keys


def names(value: Any, argument: str) -> list[str]:
    """One name, several or None, as a list. Raises ValueError for anything else and for a name given twice."""
    if value is None:
        return []
    found = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else [value]
    for name in found:
        if not isinstance(name, str) or not name:
            raise ValueError(f"{argument} takes a column name or a list of them, not {value!r}.")
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise ValueError(f"{argument} has {', '.join(twice)} more than once.")
    return found


def no_feature(given: Iterable[str], known: Iterable[str], argument: str, table: str) -> None:
    """Raise ValueError for names given that are none of the known ones."""
    known = list(known)
    unknown = sorted(set(given) - set(known))
    if unknown:
        hint = " (of a renamed feature, the new name)" if argument == "default_values" else ""
        raise ValueError(
            f"{argument} names {', '.join(unknown)}, which the lookup of '{table}' does not have{hint}: it has "
            f"{', '.join(known)}."
        )


def _earlier(
    feature_names: str | list[str] | None, rename_outputs: dict[str, str] | None, more: dict[str, Any]
) -> tuple[str | list[str] | None, dict[str, str] | None]:
    """Understand ``feature_name`` and ``output_name``, which earlier versions of the client had."""
    name, output = more.pop("feature_name", None), more.pop("output_name", None)
    if more:
        raise TypeError(f"FeatureLookup() got an unexpected keyword argument '{next(iter(more))}'")
    if name is not None and feature_names is not None:
        raise ValueError("feature_name is the earlier name of feature_names: use feature_names only.")
    if output is not None:
        if name is None or rename_outputs is not None:
            raise ValueError("output_name goes with feature_name alone: use feature_names and rename_outputs.")
        rename_outputs = {name: output}
    return (name if name is not None else feature_names), rename_outputs
