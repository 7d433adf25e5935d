"""Feature tables: Delta tables with keys, which the catalogue knows.

Follows "Work with feature tables" (of Unity Catalog and of the workspace) and ``FeatureStoreClient`` and
``FeatureEngineeringClient`` in Databricks' Python API reference.
"""

from __future__ import annotations

import contextlib
import datetime
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import catalogue
from .entities import FeatureTable, names
from .errors import not_offered
from .session import TableName, current, local, quoted, table_name

_TYPES = (
    *("short", "integer", "long", "float", "double", "decimal", "string", "boolean"),
    *("date", "timestamp", "binary", "array", "map", "struct"),
)
"""Supported data types for features, as ``DataType.typeName`` has them."""
_TIMES = ("date", "timestamp")
_INTEGERS = ("short", "integer", "long")
"""From narrow to wide: Delta takes a narrower one for a wider one."""
_ROWS = "__rows"


def create(
    name: str,
    primary_keys: str | list[str],
    df: Any,
    *,
    timestamp_keys: str | list[str] | None,
    partition_columns: str | list[str] | None,
    schema: Any,
    description: str | None,
    tags: dict[str, str] | None,
    path: str | None = None,
) -> FeatureTable:
    """Create a feature table, with the rows of ``df`` if there is one; one that exists is returned as it is.

    Raises ValueError for keys that are no columns, unfit types, null or repeated keys, and a name that is taken.
    """
    spark = current()
    target = table_name(spark, name)
    keys, times = _keys(primary_keys, timestamp_keys)
    partitions = names(partition_columns, "partition_columns")
    if times and partitions:
        raise ValueError("A time series feature table can't have partition columns.")
    known = find(spark, target)
    if known is not None:
        return _as_it_is(spark, target, known, keys, times)
    columns = _columns(df, schema)
    _check_columns(columns, keys, times, partitions)
    _check_tags(tags)
    if not spark.catalog.databaseExists(quoted(target.schema)):
        raise ValueError(f"The schema of '{name}' does not exist: create it first, with CREATE SCHEMA {target.schema}.")
    if spark.catalog.tableExists(target.sql):
        raise ValueError(
            f"'{name}' is a table already, and no feature table: register_table makes it one, or choose another name."
        )
    if df is not None:
        _check_rows(df, [*keys, *times], name)
    _create_delta(spark, target, columns, [*keys, *times], partitions, description, path)
    place = _place(spark, target)
    if df is not None:
        df.write.format("delta").mode("append").save(str(place))
    _enter(spark, target, place, keys, times, partitions, description, tags)
    return get(name)


def register(
    name: str,
    primary_keys: str | list[str],
    *,
    timestamp_keys: str | list[str] | None,
    description: str | None,
    tags: dict[str, str] | None,
) -> FeatureTable:
    """Make an existing Delta table a feature table. Its keys must be unique and not null."""
    spark = current()
    target = table_name(spark, name)
    if not spark.catalog.tableExists(target.sql):
        raise ValueError(f"There is no Delta table '{name}' to register.")
    keys, times = _keys(primary_keys, timestamp_keys)
    known = find(spark, target)
    if known is not None:
        return _as_it_is(spark, target, known, keys, times)
    detail = spark.sql(f"DESCRIBE DETAIL {target.sql}").first()
    if detail["format"] != "delta":
        raise ValueError(f"'{name}' is no Delta table ({detail['format']}): a feature table is one.")
    df = spark.table(target.sql)
    _check_columns(df.schema, keys, times, [])
    _check_tags(tags)
    _check_rows(df, [*keys, *times], name)
    description = description if description is not None else detail["description"]
    _enter(spark, target, local(detail["location"]), keys, times, detail["partitionColumns"], description, tags)
    return get(name)


def get(name: str) -> FeatureTable:
    """What is known of the feature table. Raises ValueError when there is none of that name."""
    spark = current()
    target = table_name(spark, name)
    entry = known_or_raise(spark, target)
    keys, times = entry["primary_keys"], entry["timestamp_keys"]
    return FeatureTable(
        name=entry["name"],
        table_id=entry["table_id"],
        description=entry["description"],
        primary_keys=keys,
        partition_columns=entry["partition_columns"],
        features=[column for column in spark.table(target.sql).columns if column not in (*keys, *times)],
        creation_timestamp=entry["creation_timestamp"],
        online_stores=entry["online"],
        timestamp_keys=times,
        tags=entry["tags"],
        path=entry["path"],
    )


def read(name: str, as_of_delta_timestamp: str | datetime.datetime | None) -> Any:
    """The rows of a feature table, now or as of a time."""
    spark = current()
    target = table_name(spark, name)
    known_or_raise(spark, target)
    if as_of_delta_timestamp is None:
        return spark.table(target.sql)
    return spark.read.option("timestampAsOf", str(as_of_delta_timestamp)).table(target.sql)


def write(name: str, df: Any, mode: str) -> None:
    """Write rows. ``merge`` updates what rows with a known key give columns for, and adds other rows and new columns;
    ``overwrite`` puts the new rows in place of all.

    Raises ValueError for missing, null or repeated keys and for a column of another type than the table's.
    """
    spark = current()
    target = table_name(spark, name)
    entry = known_or_raise(spark, target)
    _check_frame(df)
    keys = [*entry["primary_keys"], *entry["timestamp_keys"]]
    missing = [key for key in keys if key not in df.columns]
    if missing:
        raise ValueError(f"The DataFrame lacks {', '.join(missing)}, a key of the feature table '{name}'.")
    _check_types(df.schema)
    _check_alike(df.schema, spark.table(target.sql).schema, name)
    _check_rows(df, keys, name)
    if mode == "overwrite":
        df.write.format("delta").mode("overwrite").option("mergeSchema", "true").save(entry["path"])
        return
    from delta.tables import DeltaTable

    same = " AND ".join(f"old.{quoted(key)} = new.{quoted(key)}" for key in keys)
    merge = DeltaTable.forName(spark, target.sql).alias("old").merge(df.alias("new"), same)
    # With new columns taken in, "all" means those that the DataFrame has: the others keep their values.
    merge.withSchemaEvolution().whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()


def drop(name: str) -> None:
    """Drop a feature table, its rows included. What was published of it stays."""
    spark = current()
    target = table_name(spark, name)
    known_or_raise(spark, target)
    spark.sql(f"DROP TABLE {target.sql}")
    with catalogue.change(spark) as content:
        del content["tables"][target.key]


def set_tag(name: str, key: str, value: str) -> None:
    """Give the feature table a tag, or an existing tag another value."""
    _check_tags({key: value})
    with change_entry(name) as entry:
        entry["tags"][key] = value


def delete_tag(name: str, key: str) -> None:
    """Take a tag from the feature table. Raises ValueError when it has none of that key."""
    with change_entry(name) as entry:
        if key not in entry["tags"]:
            raise ValueError(f"The feature table '{name}' has no tag '{key}'.")
        del entry["tags"][key]


def find(spark: Any, target: TableName) -> dict[str, Any] | None:
    """The catalogue's entry for a table that exists, or None."""
    entry: dict[str, Any] | None = catalogue.read(spark)["tables"].get(target.key)
    if entry is None or spark.catalog.tableExists(target.sql):
        return entry
    from delta.tables import DeltaTable

    if DeltaTable.isDeltaTable(spark, entry["path"]):
        # Another notebook of this lab made it: Spark's own catalogue is one session's.
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(target.schema)}")
        spark.sql(f"CREATE TABLE {target.sql} USING delta LOCATION '{entry['path']}'")
        return entry
    with catalogue.change(spark) as content:  # Dropped through SQL.
        content["tables"].pop(target.key, None)
    return None


def known_or_raise(spark: Any, target: TableName) -> dict[str, Any]:
    """The catalogue's entry. Raises ValueError when the name is no feature table's."""
    entry = find(spark, target)
    if entry is not None:
        return entry
    if spark.catalog.tableExists(target.sql):
        raise ValueError(
            f"'{target.given}' is a table without a primary key, so no feature table: register_table makes it one."
        )
    raise ValueError(f"The feature table '{target.given}' does not exist. Create it first, with create_table.")


@contextlib.contextmanager
def change_entry(name: str) -> Iterator[dict[str, Any]]:
    """The catalogue's entry of a feature table, to change within the block."""
    spark = current()
    target = table_name(spark, name)
    known_or_raise(spark, target)
    with catalogue.change(spark) as content:
        yield content["tables"][target.key]


def _keys(primary_keys: Any, timestamp_keys: Any) -> tuple[list[str], list[str]]:
    """Primary keys without the timestamp key, and the timestamp key as a list."""
    keys, times = names(primary_keys, "primary_keys"), names(timestamp_keys, "timestamp_keys")
    if len(times) > 1:
        raise ValueError(f"A feature table has one timestamp key at most, not {', '.join(times)}.")
    keys = [key for key in keys if key not in times]
    if not keys:
        raise ValueError("A feature table needs a primary key (besides a timestamp key).")
    return keys, times


def _columns(df: Any, schema: Any) -> Any:
    """The schema to create the table with."""
    if df is None and schema is None:
        raise ValueError("Give df or schema: a feature table needs columns.")
    if df is not None:
        _check_frame(df)
    if schema is None:
        return df.schema
    if not hasattr(schema, "fields"):
        raise ValueError(f"schema is a pyspark.sql.types.StructType, not {schema!r}.")
    if df is not None:
        given, made = ({field.name: field.dataType for field in fields} for fields in (schema, df.schema))
        if given != made:
            raise ValueError(f"df and schema differ: {df.schema.simpleString()} and {schema.simpleString()}.")
    return schema


def _check_frame(df: Any) -> None:
    from pyspark.sql import DataFrame

    if not isinstance(df, DataFrame):
        raise ValueError(f"df is a Spark DataFrame, not {type(df).__name__}: spark.createDataFrame makes one.")
    if df.isStreaming:
        not_offered("Writing a streaming DataFrame", "tables are written by batch only")


def _check_columns(schema: Any, keys: list[str], times: list[str], partitions: list[str]) -> None:
    types = {field.name: field.dataType.typeName() for field in schema.fields}
    kinds = (("primary key", keys), ("timestamp key", times), ("partition column", partitions))
    for kind, wanted in kinds:
        missing = [name for name in wanted if name not in types]
        if missing:
            raise ValueError(f"The {kind} {', '.join(missing)} is no column. There are {', '.join(types)}.")
    for name in times:
        if types[name] not in _TIMES:
            raise ValueError(f"The timestamp key '{name}' must be a timestamp or a date, not {types[name]}.")
    for name in keys:
        if types[name] in ("array", "map", "struct"):
            raise ValueError(f"The primary key '{name}' can't be of type {types[name]}.")
    _check_types(schema)


def _check_types(schema: Any) -> None:
    for field in schema.fields:
        if field.dataType.typeName() not in _TYPES:
            raise ValueError(
                f"The column '{field.name}' is of type {field.dataType.simpleString()}, which a feature table can't "
                f"hold. Supported are {', '.join(_TYPES)}."
            )


def _check_alike(given: Any, table: Any, name: str) -> None:
    """Raises ValueError for a column that the table has with a type that can't take the given one."""
    types = {field.name: field.dataType for field in table.fields}
    for field in given.fields:
        has = types.get(field.name, field.dataType)
        if has.simpleString() == field.dataType.simpleString():
            continue
        narrow, wide = field.dataType.typeName(), has.typeName()
        if narrow in _INTEGERS and wide in _INTEGERS[_INTEGERS.index(narrow) :]:
            continue
        raise ValueError(
            f"'{field.name}' is {field.dataType.simpleString()} in the DataFrame and {has.simpleString()} in the "
            f"feature table '{name}': cast it."
        )


def _check_rows(df: Any, keys: list[str], name: str) -> None:
    """Raises ValueError when a key is null or there twice."""
    from pyspark.sql import functions as F

    columns = [F.col(quoted(key)) for key in keys]
    wrong = F.col(_ROWS) > 1
    for column in columns:
        wrong = wrong | column.isNull()
    found = df.groupBy(*columns).agg(F.count(F.lit(1)).alias(_ROWS)).filter(wrong).first()
    if found is None:
        return
    key = ", ".join(f"{key}={found[key]!r}" for key in keys)
    if any(found[key] is None for key in keys):
        raise ValueError(f"A key is null in the DataFrame for '{name}' ({key}): primary keys must not be null.")
    raise ValueError(
        f"Non-unique rows in the DataFrame for '{name}', for the key combination {keys}: {found[_ROWS]} rows have "
        f"{key}. Primary keys identify one row each: drop or aggregate the others first."
    )


def _check_tags(tags: Any) -> None:
    if tags is None:
        return
    if not isinstance(tags, dict) or not all(isinstance(part, str) for pair in tags.items() for part in pair):
        raise ValueError(f"tags is a dictionary from strings to strings, not {tags!r}.")
    if not all(tags):
        raise ValueError("A tag's key must not be empty.")


def _as_it_is(spark: Any, target: TableName, entry: dict[str, Any], keys: list[str], times: list[str]) -> FeatureTable:
    if (entry["primary_keys"], entry["timestamp_keys"]) != (keys, times):
        had = [*entry["primary_keys"], *entry["timestamp_keys"]]
        raise ValueError(f"The feature table '{target.given}' exists already, with other keys: {', '.join(had)}.")
    warnings.warn(
        f"The feature table '{target.given}' exists already: it is returned as it is, and nothing was written. "
        f"write_table writes to it.",
        UserWarning,
        stacklevel=4,
    )
    return get(target.given)


def _create_delta(
    spark: Any,
    target: TableName,
    schema: Any,
    keys: list[str],
    partitions: list[str],
    description: str | None,
    path: str | None,
) -> None:
    from delta.tables import DeltaTable
    from pyspark.sql.types import StructField, StructType

    fields = [StructField(f.name, f.dataType, f.nullable and f.name not in keys, f.metadata) for f in schema.fields]
    builder = DeltaTable.create(spark).tableName(target.sql).addColumns(StructType(fields))
    if partitions:
        builder = builder.partitionedBy(*partitions)
    if description:
        builder = builder.comment(description)
    if path:
        builder = builder.location(path)
    builder.execute()


def _place(spark: Any, target: TableName) -> Path:
    """Where the table's files lie: Spark's catalogue knows it at once, unlike DESCRIBE DETAIL."""
    state = spark._jsparkSession.sessionState()
    return local(
        state.catalog().getTableMetadata(state.sqlParser().parseTableIdentifier(target.sql)).location().toString()
    )


def _enter(
    spark: Any,
    target: TableName,
    place: Path,
    keys: list[str],
    times: list[str],
    partitions: list[str],
    description: str | None,
    tags: dict[str, str] | None,
) -> None:
    with catalogue.change(spark) as content:
        content["tables"][target.key] = {
            "name": target.given,
            "table_id": uuid.uuid4().hex,
            "path": str(place),
            "primary_keys": keys,
            "timestamp_keys": times,
            "partition_columns": list(partitions),
            "description": description,
            "tags": dict(tags or {}),
            "creation_timestamp": int(time.time() * 1000),
            "online": [],
        }
