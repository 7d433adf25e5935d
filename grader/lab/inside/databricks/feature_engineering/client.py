"""``FeatureEngineeringClient``: feature tables, training sets, models and scoring, for tables of Unity Catalog.

Its calls, arguments and rules are those of "FeatureEngineeringClient" in Databricks' Python API reference. Every
argument goes by name.
"""

from __future__ import annotations

import datetime
from typing import Any

from ..lab_features import clients, feature_specs, online, packaging, tables, training
from ..lab_features.entities import FeatureTable, names
from ..lab_features.errors import not_offered


class FeatureEngineeringClient:
    """Client for feature tables of Unity Catalog. The registry's URI is taken and names nothing: a lab has one."""

    __getattr__ = clients.absent_calls(
        "FeatureEngineeringClient",
        {
            **dict.fromkeys(
                (
                    *("create_feature", "register_feature", "get_feature", "list_features", "delete_feature"),
                    *("materialize_features", "backfill_features", "list_materialized_features"),
                    "delete_materialized_feature",
                ),
                clients.DECLARATIVE,
            ),
            "create_feature_serving_endpoint": clients.SERVING,
            "get_feature_serving_endpoint": clients.SERVING,
            "delete_feature_serving_endpoint": clients.SERVING,
            "update_online_store": "an online store is a file there, which has no capacity to change",
            "update_feature_spec": "a feature spec has no owner there",
        },
    )

    def __init__(self, *, model_registry_uri: str | None = None) -> None:
        self._uri = model_registry_uri

    def create_table(
        self,
        *,
        name: str,
        primary_keys: str | list[str],
        df: Any = None,
        timeseries_column: str | None = None,
        partition_columns: str | list[str] | None = None,
        schema: Any = None,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        timeseries_columns: str | list[str] | None = None,
    ) -> FeatureTable:
        """Create a feature table with these keys, of ``df`` (which is written to it) or of ``schema``.

        A table that exists is returned as it is, with a warning. ``timeseries_columns`` is the earlier name of
        ``timeseries_column``, which must be among the primary keys. Raises ValueError for what can't be such a table.
        """
        if timeseries_column is not None and timeseries_columns is not None:
            raise ValueError("timeseries_columns is the earlier name of timeseries_column: give one of them.")
        times = names(timeseries_columns if timeseries_column is None else timeseries_column, "timeseries_column")
        keys = names(primary_keys, "primary_keys")
        outside = [time for time in times if time not in keys]
        if outside:
            raise ValueError(
                f"The time series column {outside[0]} must be a primary key: primary_keys={[*keys, *outside]}."
            )
        return tables.create(
            name,
            keys,
            df,
            timestamp_keys=times,
            partition_columns=partition_columns,
            schema=schema,
            description=description,
            tags=tags,
        )

    def get_table(self, *, name: str) -> FeatureTable:
        """What is known of a feature table. Raises ValueError when there is none of that name."""
        return tables.get(name)

    def drop_table(self, *, name: str) -> None:
        """Drop a feature table with its rows. What was published of it stays."""
        tables.drop(name)

    def read_table(self, *, name: str, as_of_delta_timestamp: str | datetime.datetime | None = None) -> Any:
        """The rows of a feature table as a Spark DataFrame, now or as of a time."""
        return tables.read(name, as_of_delta_timestamp)

    def write_table(
        self, *, name: str, df: Any, mode: str = "merge", checkpoint_location: str | None = None, trigger: Any = None
    ) -> None:
        """Write ``df``: rows are updated and added by key. There is no other mode than ``merge``."""
        if mode != "merge":
            raise ValueError(
                f"mode is merge, not {mode!r}: it is the only one of tables in Unity Catalog. To replace all rows, "
                f"delete them with SQL first."
            )
        if checkpoint_location is not None or trigger is not None:
            not_offered("FeatureEngineeringClient.write_table of a stream", clients.STREAMING)
        tables.write(name, df, mode)

    def set_feature_table_tag(self, *, name: str, key: str, value: str) -> None:
        """Give a feature table a tag, or a tag another value."""
        tables.set_tag(name, key, value)

    def delete_feature_table_tag(self, *, name: str, key: str) -> None:
        """Take a tag from a feature table."""
        tables.delete_tag(name, key)

    def create_feature_spec(self, *, name: str, features: list[Any], exclude_columns: list[str] | None = None) -> Any:
        """Keep lookups and functions under a name, for ``create_training_set(feature_spec=...)``."""
        return feature_specs.create(name, features, exclude_columns)

    def delete_feature_spec(self, *, name: str) -> None:
        """Delete a feature spec."""
        feature_specs.delete(name)

    def create_training_set(
        self,
        *,
        df: Any,
        feature_lookups: list[Any] | None = None,
        feature_spec: str | None = None,
        label: str | list[str] | None,
        exclude_columns: list[str] | None = None,
        features: Any = None,
        use_spark_native_join: bool = False,
    ) -> training.TrainingSet:
        """A training set: ``df`` with the features that the lookups, or a feature spec by name, ask for.

        ``use_spark_native_join`` changes nothing: joins are Spark's own anyway.
        """
        if features is not None:
            not_offered("FeatureEngineeringClient.create_training_set(features=...)", clients.DECLARATIVE)
        if (feature_lookups is None) == (feature_spec is None):
            raise ValueError("Give either feature_lookups or feature_spec.")
        if feature_spec is not None:
            feature_lookups, left_out = feature_specs.get(feature_spec)
            exclude_columns = [*left_out, *(one for one in exclude_columns or [] if one not in left_out)]
        return training.create(df, feature_lookups, label, exclude_columns)

    def log_model(
        self,
        *,
        model: Any,
        artifact_path: str | None = None,
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

    def score_batch(
        self,
        *,
        model_uri: str,
        df: Any,
        result_type: Any = "double",
        env_manager: str | None = None,
        use_spark_native_join: bool = False,
    ) -> Any:
        """``df`` with the features that the model needs and with its ``prediction``."""
        return packaging.score(model_uri, df, result_type, env_manager)

    def create_online_store(
        self, *, name: str, capacity: str = "CU_1", read_replica_count: int = 0
    ) -> online.DatabricksOnlineStore:
        """Make an online store: a SQLite file in the lab's folder."""
        return online.create_store(name, capacity, read_replica_count)

    def get_online_store(self, *, name: str) -> online.DatabricksOnlineStore | None:
        """The online store of that name, or None."""
        return online.get_store(name)

    def delete_online_store(self, *, name: str) -> None:
        """Delete an online store with all that was published to it."""
        online.delete_store(name)

    def publish_table(
        self,
        *,
        online_store: Any,
        source_table_name: str | None = None,
        online_table_name: str | None = None,
        publish_mode: str = "TRIGGERED",
        name: str | None = None,
        filter_condition: str | None = None,
        mode: str = "merge",
        streaming: bool = False,
        checkpoint_location: str | None = None,
        trigger: Any = None,
        features: str | list[str] | None = None,
    ) -> online.PublishedTable:
        """Publish a feature table to an online store, as it is now.

        To a store of ``create_online_store`` with ``source_table_name`` and ``online_table_name``, or, as earlier
        versions have it, to an ``OnlineStoreSpec`` with ``name``.
        """
        table = source_table_name if name is None else name
        if table is None or (name is not None and source_table_name is not None):
            raise ValueError("Name the feature table with source_table_name (or name, for an OnlineStoreSpec).")
        if publish_mode not in online.PUBLISH_MODES:
            raise ValueError(f"publish_mode is one of {', '.join(online.PUBLISH_MODES)}, not {publish_mode!r}.")
        if streaming or publish_mode == "CONTINUOUS" or checkpoint_location is not None or trigger is not None:
            not_offered("FeatureEngineeringClient.publish_table of a stream", clients.STREAMING)
        if publish_mode == "SNAPSHOT":
            mode = "overwrite"
        place = online.place_of(table, online_store, online_table_name)
        return online.publish(table, place, condition=filter_condition, mode=mode, features=features)

    def drop_online_table(self, *, name: str, online_store: Any) -> None:
        """Drop what was published of a feature table under its own name."""
        online.drop(name, online.place_of(name, online_store))
