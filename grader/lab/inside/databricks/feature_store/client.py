"""``FeatureStoreClient``: feature tables, training sets, models and scoring, for tables of the workspace.

Its calls, arguments and rules are those of "Databricks FeatureStoreClient" in Databricks' Python API reference.
"""

from __future__ import annotations

import datetime
import warnings
from typing import Any

from ..lab_features import clients, online, packaging, tables, training
from ..lab_features.entities import FeatureTable
from ..lab_features.errors import not_offered

MODES = ("merge", "overwrite")


class FeatureStoreClient:
    """Client for the feature store of the workspace. Both URIs are taken and name nothing: a lab has one store."""

    __getattr__ = clients.absent_calls(
        "FeatureStoreClient",
        {
            "add_data_sources": clients.LINEAGE,
            "delete_data_sources": clients.LINEAGE,
        },
    )

    def __init__(self, feature_store_uri: str | None = None, model_registry_uri: str | None = None) -> None:
        self._uris = (feature_store_uri, model_registry_uri)

    def create_table(
        self,
        name: str,
        primary_keys: str | list[str],
        df: Any = None,
        *,
        timestamp_keys: str | list[str] | None = None,
        partition_columns: str | list[str] | None = None,
        schema: Any = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        path: str | None = None,
    ) -> FeatureTable:
        """Create a feature table with these keys, of ``df`` (which is written to it) or of ``schema``.

        A table that exists is returned as it is, with a warning. Raises ValueError for what can't be a feature table.
        """
        return tables.create(
            name,
            primary_keys,
            df,
            timestamp_keys=timestamp_keys,
            partition_columns=partition_columns,
            schema=schema,
            description=description,
            tags=tags,
            path=path,
        )

    def create_feature_table(
        self,
        name: str,
        keys: str | list[str],
        features_df: Any = None,
        schema: Any = None,
        partition_columns: str | list[str] | None = None,
        description: str | None = None,
        timestamp_keys: str | list[str] | None = None,
    ) -> FeatureTable:
        """The earlier name of :meth:`create_table`."""
        _earlier("create_feature_table", "create_table")
        return tables.create(
            name,
            keys,
            features_df,
            timestamp_keys=timestamp_keys,
            partition_columns=partition_columns,
            schema=schema,
            description=description,
            tags=None,
        )

    def register_table(
        self,
        *,
        delta_table: str,
        primary_keys: str | list[str],
        timestamp_keys: str | list[str] | None = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> FeatureTable:
        """Make an existing Delta table a feature table."""
        return tables.register(
            delta_table, primary_keys, timestamp_keys=timestamp_keys, description=description, tags=tags
        )

    def get_table(self, name: str) -> FeatureTable:
        """What is known of a feature table. Raises ValueError when there is none of that name."""
        return tables.get(name)

    def get_feature_table(self, name: str) -> FeatureTable:
        """The earlier name of :meth:`get_table`."""
        _earlier("get_feature_table", "get_table")
        return tables.get(name)

    def drop_table(self, name: str) -> None:
        """Drop a feature table with its rows. What was published of it stays."""
        tables.drop(name)

    def read_table(self, name: str, as_of_delta_timestamp: str | datetime.datetime | None = None) -> Any:
        """The rows of a feature table as a Spark DataFrame, now or as of a time."""
        return tables.read(name, as_of_delta_timestamp)

    def write_table(
        self, name: str, df: Any, mode: str = "merge", checkpoint_location: str | None = None, trigger: Any = None
    ) -> None:
        """Write ``df``: ``merge`` updates and adds rows by key, ``overwrite`` replaces all."""
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}.")
        if checkpoint_location is not None or trigger is not None:
            not_offered("FeatureStoreClient.write_table of a stream", clients.STREAMING)
        tables.write(name, df, mode)

    def set_feature_table_tag(self, table_name: str, key: str, value: str) -> None:
        """Give a feature table a tag, or a tag another value."""
        tables.set_tag(table_name, key, value)

    def delete_feature_table_tag(self, table_name: str, key: str) -> None:
        """Take a tag from a feature table."""
        tables.delete_tag(table_name, key)

    def create_training_set(
        self,
        df: Any,
        feature_lookups: list[Any],
        label: str | list[str] | None,
        exclude_columns: list[str] | None = None,
    ) -> training.TrainingSet:
        """A training set: ``df`` with the features that the lookups name."""
        return training.create(df, feature_lookups, label, exclude_columns)

    def log_model(
        self,
        model: Any,
        artifact_path: str | None = None,
        *,
        flavor: Any,
        training_set: training.TrainingSet | None = None,
        registered_model_name: str | None = None,
        await_registration_for: int = 300,
        infer_input_example: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Log a model with its training set's lookups, so that ``score_batch`` needs keys only."""
        return packaging.log(
            model,
            packaging.artifact_name(artifact_path, name),
            flavor=flavor,
            training_set=training_set,
            registered_model_name=registered_model_name,
            await_registration_for=await_registration_for,
            infer_input_example=infer_input_example,
            more=kwargs,
        )

    def score_batch(self, model_uri: str, df: Any, result_type: Any = "double", env_manager: str | None = None) -> Any:
        """``df`` with the features that the model needs and with its ``prediction``."""
        return packaging.score(model_uri, df, result_type, env_manager)

    def publish_table(
        self,
        name: str,
        online_store: online.OnlineStoreSpec,
        *,
        filter_condition: str | None = None,
        mode: str = "merge",
        streaming: bool = False,
        checkpoint_location: str | None = None,
        trigger: Any = None,
        features: str | list[str] | None = None,
    ) -> None:
        """Publish a feature table to an online store."""
        if streaming or checkpoint_location is not None or trigger is not None:
            not_offered("FeatureStoreClient.publish_table of a stream", clients.STREAMING)
        place = online.place_of(name, online_store)
        online.publish(name, place, condition=filter_condition, mode=mode, features=features)

    def drop_online_table(self, name: str, online_store: online.OnlineStoreSpec) -> None:
        """Drop what was published of a feature table."""
        online.drop(name, online.place_of(name, online_store))


def _earlier(name: str, now: str) -> None:
    warnings.warn(f"{name} is deprecated: use {now}.", FutureWarning, stacklevel=3)
