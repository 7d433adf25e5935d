"""The lab's Spark session, its folder, and what it means to name a table."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

_PART = re.compile(r"\w+", re.ASCII)
_SESSION_CATALOG = "spark_catalog"


def current() -> Any:
    """The Spark session of the notebook. Raises RuntimeError where there is none, instead of starting a JVM."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if SparkContext._active_spark_context is None and "PYSPARK_GATEWAY_PORT" not in os.environ:
        raise RuntimeError("The feature store needs the lab's Spark session, and there is none here.")
    return SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()


def home(spark: Any) -> Path:
    """The folder ``features`` beside the lab's warehouse, where all but the tables' own files is kept."""
    return local(spark.conf.get("spark.sql.warehouse.dir")).parent / "features"


def local(location: str) -> Path:
    """A location as Spark tells it, as a path of this machine."""
    return Path(unquote(urlparse(location).path))


def quoted(name: str) -> str:
    """A column's or table's name as SQL takes it, whatever characters it has."""
    return "`" + name.replace("`", "``") + "`"


@dataclass(frozen=True)
class TableName:
    """A table's name in full. ``given`` is how it was written, which is how the learner knows it."""

    given: str
    schema: str
    table: str

    @property
    def key(self) -> str:
        """Under which the catalogue keeps it: two spellings of one table have one key."""
        return f"{self.schema}.{self.table}".lower()

    @property
    def sql(self) -> str:
        """As SQL takes it, whatever schema is the current one."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"


def table_name(spark: Any, name: Any) -> TableName:
    """``table``, ``schema.table`` or ``catalog.schema.table``, of letters, digits and underscores.

    Raises ValueError for any other. A catalog named for the first time becomes another name of the lab's only one.
    """
    if not isinstance(name, str):
        raise ValueError(f"A table's name is a string such as 'ml.customer_features', not {name!r}.")
    parts = name.replace("`", "").split(".")
    if len(parts) > 3 or not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(
            f"Invalid table name '{name}': use <table>, <schema>.<table> or <catalog>.<schema>.<table>; each part may "
            f"have letters, digits and underscores only."
        )
    if len(parts) == 3:
        offer_catalog(spark, parts[0])
    schema = parts[-2] if len(parts) > 1 else spark.catalog.currentDatabase()
    return TableName(name, schema, parts[-1])


def offer_catalog(spark: Any, name: str) -> None:
    """Have Spark know ``name`` as a catalog, so that ``spark.table("name.schema.table")`` and SQL work.

    It is the session's own catalog under another name. Spark has no call for that: its settings name a class for a
    catalog, and Delta's works on top of the session's catalog only.
    """
    manager = spark._jsparkSession.sessionState().catalogManager()
    field = manager.getClass().getDeclaredField("catalogs")
    field.setAccessible(True)
    known = field.get(manager)
    if not known.contains(name):
        known.put(name, manager.catalog(_SESSION_CATALOG))
