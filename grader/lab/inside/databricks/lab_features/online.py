"""Online stores: SQLite files in the lab's folder, which feature tables can be published to.

Follows "Databricks Online Feature Stores", "Publish features to a third-party online store" and the page "Online Store
Spec" of Databricks' Python API reference. There is no cloud in reach of a lab: the specifications of cloud databases
raise, and :class:`LocalSqliteSpec` stands where they would.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import json
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

from . import catalogue, tables
from .entities import _Value, names
from .errors import not_offered
from .session import current, home, quoted, table_name

CAPACITIES = ("CU_1", "CU_2", "CU_4", "CU_8")
MODES = ("merge", "overwrite")
PUBLISH_MODES = ("TRIGGERED", "SNAPSHOT", "CONTINUOUS")
_STORE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_BATCH = 1000


class OnlineStoreSpec(_Value):
    """Where to publish to. ``database_name`` and ``table_name`` are the feature table's own if they are not given."""

    def __init__(self, *, database_name: str | None = None, table_name: str | None = None) -> None:
        self.database_name = database_name
        self.table_name = table_name


class LocalSqliteSpec(OnlineStoreSpec):
    """A lab's online store: ``features/online/<database>.db`` in its folder."""


class _Cloud(OnlineStoreSpec):
    """A cloud's database, which a lab can't reach."""

    def __init__(self, *_: Any, **__: Any) -> None:
        not_offered(type(self).__name__, "it has no network; LocalSqliteSpec() publishes to a file in its folder")


class AmazonDynamoDBSpec(_Cloud):
    """Amazon DynamoDB: raises."""


class AmazonRdsMySqlSpec(_Cloud):
    """Amazon RDS MySQL and Aurora: raises."""


class AzureCosmosDBSpec(_Cloud):
    """Azure Cosmos DB: raises."""


class AzureMySqlSpec(_Cloud):
    """Azure Database for MySQL: raises."""


class AzureSqlServerSpec(_Cloud):
    """Azure SQL: raises."""


class DatabricksOnlineStore(_Value):
    """An online store of the workspace, as ``create_online_store`` makes it."""

    def __init__(self, name: str, capacity: str, state: str, creation_time: str, read_replica_count: int = 0) -> None:
        self.name = name
        self.capacity = capacity
        self.state = state
        self.creation_time = creation_time
        self.read_replica_count = read_replica_count


class PublishedTable(_Value):
    """A table in an online store."""

    def __init__(self, online_store_name: str, online_table_name: str) -> None:
        self.online_store_name = online_store_name
        self.online_table_name = online_table_name


def create_store(name: str, capacity: str, read_replica_count: int) -> DatabricksOnlineStore:
    """Make an online store. Raises ValueError when there is one of that name."""
    if not isinstance(name, str) or not _STORE.fullmatch(name):
        raise ValueError(f"An online store's name has letters, digits, hyphens and underscores, unlike {name!r}.")
    if capacity not in CAPACITIES:
        raise ValueError(f"capacity is one of {', '.join(CAPACITIES)}, not {capacity!r}.")
    made = datetime.datetime.fromtimestamp(time.time(), datetime.UTC).isoformat(timespec="seconds")
    store = DatabricksOnlineStore(name, capacity, "AVAILABLE", made, read_replica_count)
    with catalogue.change(current()) as content:
        if name in content["online_stores"]:
            raise ValueError(f"The online store '{name}' exists already.")
        content["online_stores"][name] = vars(store)
    return store


def get_store(name: str) -> DatabricksOnlineStore | None:
    """The online store of that name, or None."""
    told = catalogue.read(current())["online_stores"].get(name)
    return None if told is None else DatabricksOnlineStore(**told)


def delete_store(name: str) -> None:
    """Delete an online store with all that was published to it."""
    spark = current()
    with catalogue.change(spark) as content:
        if content["online_stores"].pop(name, None) is None:
            raise ValueError(f"There is no online store '{name}'.")
        for entry in content["tables"].values():
            entry["online"] = [place for place in entry["online"] if place["store"] != name]
    _file(spark, name).unlink(missing_ok=True)


def place_of(name: str, store: Any, online_table_name: str | None = None) -> tuple[str, str]:
    """Store and table to publish the feature table ``name`` to. Raises ValueError for what is no online store."""
    own = table_name(current(), name)
    if isinstance(store, DatabricksOnlineStore):
        if get_store(store.name) is None:
            raise ValueError(f"There is no online store '{store.name}'.")
        return store.name, online_table_name or own.table
    if isinstance(store, OnlineStoreSpec):
        return store.database_name or own.schema, online_table_name or store.table_name or own.table
    raise ValueError(f"{store!r} is no online store: create_online_store() or LocalSqliteSpec() makes one.")


def publish(name: str, place: tuple[str, str], *, condition: str | None, mode: str, features: Any) -> PublishedTable:
    """Write a feature table's rows to an online store: of a time series, the latest of each key.

    ``merge`` replaces rows of the same key, ``overwrite`` all rows.
    """
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}.")
    spark = current()
    target = table_name(spark, name)
    entry = tables.known_or_raise(spark, target)
    keys, times = entry["primary_keys"], entry["timestamp_keys"]
    df = spark.table(target.sql)
    chosen = names(features, "features")
    missing = [feature for feature in chosen if feature not in df.columns]
    if missing:
        raise ValueError(f"The feature table '{name}' has no feature {', '.join(missing)}.")
    if condition:
        df = df.filter(condition)
    if times:
        df = _latest(df, keys, times[0])
    if chosen:
        df = df.select(*(quoted(column) for column in df.columns if column in (*keys, *times, *chosen)))
    store, table = place
    _write(_file(spark, store), table, df, keys, mode)
    told = {"store": store, "table": table}
    with tables.change_entry(name) as changed:
        changed["online"] = [*(one for one in changed["online"] if one != told), told]
    return PublishedTable(store, table)


def drop(name: str, place: tuple[str, str]) -> None:
    """Drop what was published of a feature table. Raises ValueError when nothing was."""
    store, table = place
    told = {"store": store, "table": table}
    with tables.change_entry(name) as entry:
        if told not in entry["online"]:
            raise ValueError(f"The feature table '{name}' is not published as '{table}' in '{store}'.")
        entry["online"].remove(told)
    with contextlib.closing(sqlite3.connect(_file(current(), store))) as connection, connection:
        connection.execute(f"DROP TABLE IF EXISTS {_sql(table)}")


def _file(spark: Any, store: str) -> Path:
    if not _STORE.fullmatch(store):
        raise ValueError(f"'{store}' can't name an online store: use letters, digits, hyphens and underscores.")
    return home(spark) / "online" / f"{store}.db"


def _latest(df: Any, keys: list[str], time: str) -> Any:
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    newest = Window.partitionBy(*(F.col(quoted(key)) for key in keys)).orderBy(F.col(quoted(time)).desc())
    return df.withColumn("__rank", F.row_number().over(newest)).filter("__rank = 1").drop("__rank")


def _write(file: Path, table: str, df: Any, keys: list[str], mode: str) -> None:
    """Rows into a SQLite table with a primary key; columns it lacks are added."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = df.columns
    key = ", ".join(_sql(name) for name in keys)
    fields = ", ".join(_sql(name) for name in columns)
    rest = [name for name in columns if name not in keys]
    change = ", ".join(f"{_sql(name)} = excluded.{_sql(name)}" for name in rest)
    insert = f"INSERT INTO {_sql(table)} ({fields}) VALUES ({', '.join('?' * len(columns))}) ON CONFLICT ({key}) DO "
    insert += f"UPDATE SET {change}" if change else "NOTHING"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("BEGIN")
        if mode == "overwrite":
            connection.execute(f"DROP TABLE IF EXISTS {_sql(table)}")
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_sql(table)} ({fields}, PRIMARY KEY ({key}))")
        there = {row[1] for row in connection.execute(f"PRAGMA table_info({_sql(table)})")}
        for name in columns:
            if name not in there:
                connection.execute(f"ALTER TABLE {_sql(table)} ADD COLUMN {_sql(name)}")
        batch: list[tuple[Any, ...]] = []
        for row in df.toLocalIterator():
            batch.append(tuple(_cell(value) for value in row))
            if len(batch) == _BATCH:
                connection.executemany(insert, batch)
                batch.clear()
        connection.executemany(insert, batch)


def _sql(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cell(value: Any) -> Any:
    """A value as SQLite has it: times as ISO 8601, decimals as text, what is nested as JSON."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return json.dumps(value.asDict(True) if hasattr(value, "asDict") else value, default=_cell)
