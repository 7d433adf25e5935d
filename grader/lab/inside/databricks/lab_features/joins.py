"""Adds features to a DataFrame: plain lookups, lookups at a point in time, and functions.

Follows "Point-in-time feature joins" and "Train models with feature tables" of Databricks' documentation.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Container, Sequence
from typing import Any

from . import tables
from .session import current, quoted, table_name
from .spec import Feature, Function, Lookup, Step

_MICROS = 1_000_000


def add(df: Any, steps: tuple[Step, ...], given: Container[str] = ()) -> Any:
    """``df`` with the features of each step. What is ``given`` already is taken as it stands."""
    base = df
    for step in steps:
        if isinstance(step, Function):
            if step.output not in given:
                df = _call(df, step)
            continue
        features = tuple(feature for feature in step.features if feature.output not in given)
        if features:
            df = _at_time(df, base, step, features) if step.at is not None else _by_key(df, step, features)
    return df


def _by_key(df: Any, lookup: Lookup, features: tuple[Feature, ...]) -> Any:
    """A left join. The table's columns get names of their own, since ``df`` may be made of the same table."""
    keys = [f"__key{i}" for i in range(len(lookup.keys))]
    values = [f"__value{i}" for i in range(len(features))]
    names = [feature.name for feature in features]
    table = _table(lookup.table).select(*_named([*lookup.keys, *names], [*keys, *values]))
    return df.join(table, _same(lookup.by), "left").select(
        *_all(df), *(_output(value, feature) for value, feature in zip(values, features, strict=True))
    )


def _at_time(df: Any, base: Any, lookup: Lookup, features: tuple[Feature, ...]) -> Any:
    """Each row gets the features of the table's latest row at or before its time.

    The table's rows with a key in demand are sorted in among those of ``df``, by key and time, and each row of ``df``
    takes what came last. Unlike a join on ``time <= at`` this makes no pairs, of which a key with many rows on both
    sides would have a great many, and no row of ``df`` needs a number to be told from its like.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    assert lookup.at is not None and lookup.time is not None
    keys = [f"__key{i}" for i in range(len(lookup.keys))]
    # Keys to look up fit into memory with ease; the table may not. From the first DataFrame: none of the lookups
    # before this one changed the keys.
    asked = base.select(*_named([*lookup.by, lookup.at], [*keys, "__time"]))
    wanted = F.broadcast(asked.groupBy(*keys).agg(F.max("__time").alias("__until")))
    values = [f"__value{i}" for i in range(len(features))]
    names = [feature.name for feature in features]
    # The join comes before anything is made of the table's rows, names included: most of them nobody asks for.
    table = (
        _table(lookup.table)
        .join(wanted, _same(lookup.keys))
        .filter(F.col(quoted(lookup.time)) <= F.col("__until"))
        .select(*keys, *_named([lookup.time, *names], ["__time", *values]))
        .select(*keys, "__time", F.lit(0).alias("__asks"), F.struct("__time", *values).alias("__found"))
    )
    asking = df.select(
        *_named([*lookup.by, lookup.at], [*keys, "__time"]),
        F.lit(1).alias("__asks"),
        F.lit(None).cast(table.schema["__found"].dataType).alias("__found"),
        F.struct(*_all(df)).alias("__row"),
    )
    nothing = F.lit(None).cast(asking.schema["__row"].dataType).alias("__row")
    # Of the same time, the table's row comes first: it counts.
    before = Window.partitionBy(*keys).orderBy("__time", "__asks").rowsBetween(Window.unboundedPreceding, 0)
    found = F.last("__found", ignorenulls=True).over(before)
    sorted_in = table.select("*", nothing).unionAll(asking).select("__asks", "__time", "__row", found.alias("__found"))
    answered = sorted_in.filter("__asks = 1")
    if lookup.lookback is not None:
        asked_at, found_at = (F.unix_micros(F.col(name).cast("timestamp")) for name in ("__time", "__found.__time"))
        recent = asked_at - found_at <= round(lookup.lookback * _MICROS)
        answered = answered.withColumn("__found", F.when(recent, F.col("__found")))
    outputs = (_output(f"__found.{value}", feature) for value, feature in zip(values, features, strict=True))
    return answered.select("__row.*", *outputs)


def _call(df: Any, function: Function) -> Any:
    from pyspark.sql import functions as F

    return df.select(*_all(df), F.expr(call(function.udf, function.bindings)).alias(function.output))


def call(udf: str, bindings: tuple[tuple[str, str], ...]) -> str:
    """The SQL that calls a function with columns for its parameters, by name."""
    name = ".".join(quoted(part) for part in udf.replace("`", "").split("."))
    return f"{name}({', '.join(f'{quoted(parameter)} => {quoted(column)}' for parameter, column in bindings)})"


def _table(name: str) -> Any:
    spark = current()
    target = table_name(spark, name)
    tables.known_or_raise(spark, target)
    return spark.table(target.sql)


def _same(columns: Sequence[str]) -> Any:
    """The condition that the columns equal the keys of the other side, by our own names for those."""
    from pyspark.sql import functions as F

    return functools.reduce(operator.and_, (F.col(quoted(c)) == F.col(f"__key{i}") for i, c in enumerate(columns)))


def _named(columns: Sequence[str], names: Sequence[str]) -> list[Any]:
    """The columns under names of our own."""
    from pyspark.sql import functions as F

    return [F.col(quoted(column)).alias(name) for column, name in zip(columns, names, strict=True)]


def _all(df: Any) -> list[Any]:
    from pyspark.sql import functions as F

    return [F.col(quoted(name)) for name in df.columns]


def _output(column: str, feature: Feature) -> Any:
    from pyspark.sql import functions as F

    value = F.col(column)
    if feature.default is not None:
        value = F.coalesce(value, F.lit(feature.default).cast(feature.type))
    return value.alias(feature.output)
