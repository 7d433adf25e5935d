"""Lookups and functions kept under a name.

Follows ``create_feature_spec`` in Databricks' Python API reference. The lookups are kept as they were given, and are
checked against a DataFrame when a training set is made.
"""

from __future__ import annotations

import datetime
from typing import Any

from . import catalogue, tables
from .entities import FeatureFunction, FeatureLookup, _Value, names
from .session import current, table_name


class FeatureSpecInfo(_Value):
    """What ``create_feature_spec`` gives: the name and what it stands for."""

    def __init__(self, name: str, features: list[Any], exclude_columns: list[str]) -> None:
        self.name = name
        self.features = features
        self.exclude_columns = exclude_columns


def create(name: str, features: Any, exclude_columns: Any) -> FeatureSpecInfo:
    """Keep lookups and functions. Raises ValueError for a name that is taken and for tables that do not exist."""
    spark = current()
    target = table_name(spark, name)
    if not isinstance(features, list) or not features:
        raise ValueError(f"features is a list of FeatureLookup and FeatureFunction, not {features!r}.")
    exclude = names(exclude_columns, "exclude_columns")
    for feature in features:
        if isinstance(feature, FeatureLookup):
            tables.known_or_raise(spark, table_name(spark, feature.table_name))
        elif not isinstance(feature, FeatureFunction):
            raise ValueError(f"{feature!r} is no FeatureLookup and no FeatureFunction.")
    with catalogue.change(spark) as content:
        if target.key in content["feature_specs"]:
            raise ValueError(f"The feature spec '{name}' exists already.")
        content["feature_specs"][target.key] = {
            "name": name,
            "features": [_plain(feature) for feature in features],
            "exclude_columns": exclude,
        }
    return FeatureSpecInfo(name, features, exclude)


def get(name: str) -> tuple[list[Any], list[str]]:
    """The lookups and functions of a feature spec, and the columns to leave out."""
    spark = current()
    told = catalogue.read(spark)["feature_specs"].get(table_name(spark, name).key)
    if told is None:
        raise ValueError(f"The feature spec '{name}' does not exist.")
    return [_made(feature) for feature in told["features"]], told["exclude_columns"]


def delete(name: str) -> None:
    """Delete a feature spec. Raises ValueError when there is none of that name."""
    spark = current()
    target = table_name(spark, name)
    with catalogue.change(spark) as content:
        if content["feature_specs"].pop(target.key, None) is None:
            raise ValueError(f"The feature spec '{name}' does not exist.")


def _plain(feature: Any) -> dict[str, Any]:
    told = dict(vars(feature))
    window = told.get("lookback_window")
    if window is not None:
        told["lookback_window"] = window.total_seconds()
    return told


def _made(told: dict[str, Any]) -> Any:
    if "udf_name" in told:
        return FeatureFunction(**told)
    if told["lookback_window"] is not None:
        told = {**told, "lookback_window": datetime.timedelta(seconds=told["lookback_window"])}
    return FeatureLookup(**told)
