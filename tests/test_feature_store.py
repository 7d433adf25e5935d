"""The feature store of a lab, held against its published rules, on one Spark session like a lab's own."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pkgutil
import random
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module as load
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from grader import catalog, lab, runtime, submission
from grader.lab import sandbox
from grader.lab.sandbox import GUEST
from grader.runtime import jvm, templates
from tests.apart import new_store

pytestmark = [pytest.mark.server, pytest.mark.timeout(1800)]

DAY = dt.datetime(2024, 3, 1)
MOST = 60
"""Days that the random time series covers."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def spark(root: Path) -> Iterator[Any]:
    """A session on a JVM with a lab's settings; MLflow with a lab's store; the lab's packages to import."""
    parts = runtime.prepare()
    scratch = root / "scratch"
    scratch.mkdir()
    new_store(root)
    settings = {
        "SPARK_HOME": str(parts.spark_home),
        "SPARK_LOCAL_DIRS": str(scratch),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(GUEST),
        "MLFLOW_TRACKING_URI": f"sqlite:///{root}/{templates.STORE}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "0",
        "GIT_PYTHON_REFRESH": "quiet",
        jvm.CONNECTION_VARIABLE: str(scratch / "gateway"),
    }
    properties = {**jvm.LAB_PROPERTIES, "spark.sql.warehouse.dir": f"{root}/warehouse", "java.io.tmpdir": str(scratch)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        with (scratch / "log").open("wb") as log:
            process = subprocess.Popen(
                jvm.command(parts, properties), stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=root
            )
        while (told := jvm.connection(scratch / "gateway")) is None:
            assert process.poll() is None, (scratch / "log").read_text()
            time.sleep(0.05)
        patch.setenv("PYSPARK_GATEWAY_PORT", str(told[0]))
        patch.setenv("PYSPARK_GATEWAY_SECRET", told[1])
        patch.syspath_prepend(str(GUEST))
        package = load("databricks")
        package.__path__ = pkgutil.extend_path(package.__path__, "databricks")
        import mlflow
        from pyspark.sql import SparkSession

        mlflow.set_tracking_uri(settings["MLFLOW_TRACKING_URI"])
        session = SparkSession.builder.getOrCreate()
        yield session
        mlflow.set_tracking_uri(None)
        session.stop()
        from pyspark import SparkContext

        SparkContext._gateway = SparkContext._jvm = None
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def db(spark: Any) -> Any:
    """The public names of both packages, in one place."""
    engineering, store = load("databricks.feature_engineering"), load("databricks.feature_store")
    return SimpleNamespace(
        fs=store.FeatureStoreClient(),
        fe=engineering.FeatureEngineeringClient(),
        FeatureLookup=store.FeatureLookup,
        FeatureFunction=engineering.FeatureFunction,
        feature_table=store.feature_table,
        online=load("databricks.feature_store.online_store_spec"),
    )


Make = Callable[..., Any]


@pytest.fixture(scope="module")
def make(spark: Any) -> Make:
    """A Spark DataFrame of rows and a DDL schema."""

    def frame(schema: str, *rows: tuple[Any, ...]) -> Any:
        return spark.createDataFrame(list(rows), schema)

    return frame


def rows(df: Any, *by: str) -> list[tuple[Any, ...]]:
    """A small DataFrame's rows, in the order of some columns (of all, if none is given)."""
    found = [tuple(row) for row in df.collect()]
    places = [df.columns.index(name) for name in by] or range(len(df.columns))
    return sorted(found, key=lambda row: [(row[i] is not None, row[i] or 0) for i in places])


CUSTOMERS = "customer_id bigint, spend double, city string"


@pytest.fixture(scope="module")
def customers(db: Any, make: Make) -> str:
    """A feature table that tests only read."""
    df = make(CUSTOMERS, (1, 10.0, "Oslo"), (2, 20.0, "Rome"), (3, 30.0, None))
    db.fs.create_table("customers", "customer_id", df, description="who buys", tags={"team": "shop"})
    return "customers"


@pytest.fixture(scope="module")
def sensors(spark: Any, db: Any, make: Make) -> str:
    """A time-series feature table that tests only read, with three levels in its name."""
    spark.sql("CREATE SCHEMA IF NOT EXISTS plant")
    days = [(1, 0, 1.0), (1, 2, 3.0), (1, 4, 5.0), (2, 1, 7.0)]
    df = make("sensor int, ts timestamp, heat double", *((k, DAY + dt.timedelta(d), v) for k, d, v in days))
    db.fe.create_table(name="ml.plant.sensors", primary_keys=["sensor", "ts"], timeseries_column="ts", df=df)
    return "ml.plant.sensors"


class TestTables:
    @pytest.mark.proof
    def test_what_was_given_is_known_and_written(self, db: Any, spark: Any, customers: str) -> None:
        table = db.fs.get_table("customers")
        assert (table.name, table.primary_keys, table.timestamp_keys) == ("customers", ["customer_id"], [])
        assert (table.features, table.description) == (["spend", "city"], "who buys")
        assert (table.tags, table.partition_columns) == ({"team": "shop"}, [])
        expected = [(1, 10.0, "Oslo"), (2, 20.0, "Rome"), (3, 30.0, None)]
        assert rows(spark.table("customers")) == rows(db.fs.read_table("customers")) == expected
        assert rows(spark.sql("SELECT * FROM default.customers")) == expected
        assert db.fe.get_table(name="main.default.customers").primary_keys == ["customer_id"]

    def test_both_can_be_read_as_files(self, root: Path, customers: str, sensors: str) -> None:
        from deltalake import DeltaTable

        told = json.loads((root / "features/catalogue.json").read_text())["tables"]
        assert told["default.customers"]["primary_keys"] == ["customer_id"]
        assert told["plant.sensors"]["timestamp_keys"] == ["ts"]
        assert told["plant.sensors"]["name"] == "ml.plant.sensors"
        assert DeltaTable(told["default.customers"]["path"]).to_pyarrow_table().num_rows == 3
        history = DeltaTable(told["plant.sensors"]["path"]).history()
        assert [entry["operation"] for entry in reversed(history)] == ["CREATE TABLE", "WRITE"]

    def test_an_existing_table_is_returned_unwritten(self, db: Any, make: Make, customers: str) -> None:
        with pytest.warns(UserWarning, match="exists already.*nothing was written"):
            table = db.fs.create_table("customers", ["customer_id"], make(CUSTOMERS, (9, 9.0, "Bonn")))
        assert table.description == "who buys"
        assert db.fs.read_table("customers").count() == 3
        with pytest.raises(ValueError, match="exists already, with other keys: customer_id"):
            db.fs.create_table("customers", ["city"], make(CUSTOMERS))

    def test_a_table_of_a_schema_is_empty(self, db: Any, spark: Any, make: Make) -> None:
        schema = make("k string, region string, x array<int>").schema
        made = db.fs.create_table("of_schema", ["k", "region"], schema=schema, partition_columns="region")
        assert (made.primary_keys, made.partition_columns, made.features) == (["k", "region"], ["region"], ["x"])
        assert db.fs.read_table("of_schema").count() == 0
        db.fs.drop_table("of_schema")
        assert not spark.catalog.tableExists("of_schema")
        with pytest.raises(ValueError, match="'of_schema' does not exist"):
            db.fs.read_table("of_schema")
        assert db.fs.create_table("of_schema", "k", schema=schema).primary_keys == ["k"]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"primary_keys": "nothing"}, "nothing is no column. There are customer_id, spend, city"),
            ({"primary_keys": []}, "needs a primary key"),
            ({"primary_keys": ["customer_id", "customer_id"]}, "more than once"),
            ({"timestamp_keys": "spend"}, "'spend' must be a timestamp or a date, not double"),
            ({"timestamp_keys": ["spend", "city"]}, "one timestamp key at most"),
            ({"timestamp_keys": "spend", "partition_columns": "city"}, "can't have partition columns"),
            ({"partition_columns": "town"}, "partition column town is no column"),
            ({"tags": {"a": 1}}, "from strings to strings"),
            ({"df": None}, "Give df or schema"),
            ({"df": [1]}, "df is a Spark DataFrame, not list"),
            ({"name": "a.b.c.d"}, "Invalid table name"),
            ({"name": "a-b"}, "letters, digits and underscores"),
            ({"name": "nowhere.t"}, "CREATE SCHEMA nowhere"),
        ],
    )
    def test_what_can_be_no_table(self, db: Any, make: Make, arguments: dict[str, Any], said: str) -> None:
        usual = {"name": "no_table", "primary_keys": ["customer_id"], "df": make(CUSTOMERS, (1, 1.0, "a"))}
        with pytest.raises(ValueError, match=said):
            db.fs.create_table(**{**usual, **arguments})

    def test_keys_identify_rows(self, db: Any, make: Make, spark: Any) -> None:
        with pytest.raises(ValueError, match=r"Non-unique rows .* key combination \['customer_id'\]: 2 rows have .*=1"):
            db.fs.create_table("twice", "customer_id", make(CUSTOMERS, (1, 1.0, "a"), (1, 1.0, "a")))
        with pytest.raises(ValueError, match="key is null"):
            db.fs.create_table("twice", "customer_id", make(CUSTOMERS, (None, 1.0, "a")))
        assert not spark.catalog.tableExists("twice")
        with pytest.raises(ValueError, match="of type tinyint"):
            db.fs.create_table("twice", "k", make("k int, b tinyint", (1, 1)))
        with pytest.raises(ValueError, match="can't be of type array"):
            db.fs.create_table("twice", "k", make("k array<int>, b int", ([1], 1)))

    def test_tags(self, db: Any, make: Make) -> None:
        db.fs.create_table("tagged", "k", schema=make("k int, x int").schema)
        db.fs.set_feature_table_tag("tagged", "owner", "ann")
        db.fe.set_feature_table_tag(name="tagged", key="owner", value="bob")
        db.fs.set_feature_table_tag("tagged", "tier", "gold")
        db.fe.delete_feature_table_tag(name="tagged", key="tier")
        assert db.fs.get_table("tagged").tags == {"owner": "bob"}
        with pytest.raises(ValueError, match="no tag 'tier'"):
            db.fs.delete_feature_table_tag("tagged", "tier")

    def test_a_delta_table_is_registered(self, db: Any, spark: Any, make: Make) -> None:
        make("k int, x int", (1, 1), (2, 2)).write.format("delta").saveAsTable("plain")
        for call in (db.fs.get_table, db.fe.read_table):
            with pytest.raises(ValueError, match=r"without a primary key.*register_table"):
                call(name="plain")
        with pytest.raises(ValueError, match="a table already, and no feature table"):
            db.fs.create_table("plain", "k", make("k int, x int"))
        with pytest.raises(ValueError, match="no Delta table 'nothing'"):
            db.fs.register_table(delta_table="nothing", primary_keys="k")
        assert db.fs.register_table(delta_table="plain", primary_keys="k").features == ["x"]
        spark.sql("DROP TABLE plain")
        with pytest.raises(ValueError, match="does not exist"):
            db.fs.get_table("plain")

    def test_a_table_that_another_notebook_made(self, spark: Any, db: Any, root: Path) -> None:
        """Spark's own catalogue is one JVM's; the files and the lab's catalogue are there for all."""
        import pyarrow as pa
        from deltalake import write_deltalake

        place = root / "warehouse/other.db/theirs"
        write_deltalake(place, pa.table({"k": [1, 2], "x": [1.5, 2.5]}))
        db.fs.set_feature_table_tag(self._known(db), "seen", "yes")
        file = root / "features/catalogue.json"
        told = json.loads(file.read_text())
        told["tables"]["other.theirs"] = {**told["tables"]["default.known"], "name": "other.theirs", "path": str(place)}
        file.write_text(json.dumps(told))
        for name in ("other.theirs", "main.other.theirs"):  # Spark knows a catalog once a client has named it.
            assert db.fs.get_table(name).features == ["x"]
        assert rows(spark.table("main.other.theirs")) == [(1, 1.5), (2, 2.5)]

    @staticmethod
    def _known(db: Any) -> str:
        from pyspark.sql.types import LongType, StructField, StructType

        return str(db.fs.create_table("known", "k", schema=StructType([StructField("k", LongType())])).name)

    def test_three_levels_in_sql(self, spark: Any, sensors: str) -> None:
        assert spark.sql("SELECT max(heat) FROM ml.plant.sensors WHERE sensor = 1").first()[0] == 5.0
        assert spark.table("plant.sensors").count() == spark.table(sensors).count() == 4

    def test_each_client_takes_its_own_arguments(self, db: Any, make: Make) -> None:
        df = make("k int, ts timestamp, x int", (1, DAY, 1))
        with pytest.raises(TypeError, match="positional"):
            db.fe.create_table("t", ["k"], df)
        with pytest.raises(TypeError, match="timestamp_keys"):
            db.fe.create_table(name="t", primary_keys=["k"], df=df, timestamp_keys="ts")
        with pytest.raises(TypeError, match="timeseries_column"):
            db.fs.create_table("t", ["k"], df, timeseries_column="ts")
        with pytest.raises(ValueError, match="must be a primary key"):
            db.fe.create_table(name="t", primary_keys=["k"], df=df, timeseries_column="ts")
        made = db.fs.create_table("by_time", ["k"], schema=df.schema, timestamp_keys=["ts"])
        assert (made.primary_keys, made.timestamp_keys) == (["k"], ["ts"])
        with pytest.warns(UserWarning, match="exists already"):
            db.fe.create_table(name="by_time", primary_keys=["k", "ts"], schema=df.schema, timeseries_columns=["ts"])

    def test_earlier_names(self, db: Any, make: Make) -> None:
        with pytest.warns(FutureWarning, match="use create_table"):
            db.fs.create_feature_table("earlier", keys="k", schema=make("k int, x int").schema)
        with pytest.warns(FutureWarning, match="use get_table"):
            assert db.fs.get_feature_table("earlier").features == ["x"]


class TestWriting:
    def test_merge(self, db: Any, make: Make) -> None:
        df = make("k int, x double, city string", (1, 1.0, "a"), (2, 2.0, "b"), (3, 3.0, "c"))
        db.fs.create_table("merged", "k", df)
        db.fs.write_table("merged", make("k int, x double", (1, 10.0), (4, 40.0)))
        assert rows(db.fs.read_table("merged")) == [(1, 10.0, "a"), (2, 2.0, "b"), (3, 3.0, "c"), (4, 40.0, None)]
        db.fe.write_table(name="merged", df=make("k int, flag boolean, x double", (2, True, None)), mode="merge")
        expected = [(1, 10.0, "a", None), (2, None, "b", True), (3, 3.0, "c", None), (4, 40.0, None, None)]
        assert rows(db.fs.read_table("merged"), "k") == expected
        assert db.fs.get_table("merged").features == ["x", "city", "flag"]
        as_first = db.fs.read_table("merged", as_of_delta_timestamp=self._time_of(db, "merged", 1))
        assert rows(as_first) == [(1, 1.0, "a"), (2, 2.0, "b"), (3, 3.0, "c")]

    @staticmethod
    def _time_of(db: Any, table: str, version: int) -> str:
        from delta.tables import DeltaTable

        history = DeltaTable.forPath(db.fs.read_table(table).sparkSession, db.fs.get_table(table).path).history()
        (when,) = [row["timestamp"] for row in history.collect() if row["version"] == version]
        return str(when.strftime("%Y-%m-%d %H:%M:%S.%f"))

    def test_overwrite(self, db: Any, make: Make) -> None:
        db.fs.create_table("whole", "k", make("k int, x int", (1, 1), (2, 2)), description="kept")
        db.fs.write_table("whole", make("k int, y int", (7, 70)), mode="overwrite")
        assert rows(db.fs.read_table("whole")) == [(7, None, 70)]
        assert db.fs.get_table("whole").description == "kept"
        with pytest.raises(ValueError, match="mode is merge, not 'overwrite'"):
            db.fe.write_table(name="whole", df=make("k int", (1,)), mode="overwrite")
        with pytest.raises(ValueError, match="one of merge, overwrite, not 'append'"):
            db.fs.write_table("whole", make("k int", (1,)), "append")

    def test_what_is_not_written(self, db: Any, make: Make) -> None:
        db.fs.create_table("strict", ["k", "region"], schema=make("k int, region string, x double").schema)
        for schema, data, said in (
            ("k int, x double", (1, 1.0), "lacks region"),
            ("k int, region string, x string", (1, "a", "b"), "'x' is string in the DataFrame and double in"),
            ("k bigint, region string", (1, "a"), "'k' is bigint in the DataFrame and int in"),
            ("k int, region string", (1, None), "key is null"),
            ("k int, region string, n tinyint", (1, "a", 1), "of type tinyint"),
        ):
            with pytest.raises(ValueError, match=said):
                db.fs.write_table("strict", make(schema, data))
        with pytest.raises(ValueError, match="Non-unique rows"):
            db.fs.write_table("strict", make("k int, region string", (1, "a"), (1, "a")), mode="overwrite")
        with pytest.raises(ValueError, match="'nowhere' does not exist"):
            db.fs.write_table("nowhere", make("k int", (1,)))
        with pytest.raises(NotImplementedError, match="write_table of a stream"):
            db.fs.write_table("strict", make("k int", (1,)), trigger={"once": True})
        assert db.fs.read_table("strict").count() == 0

    def test_a_decorated_function_writes(self, db: Any, make: Make) -> None:
        @db.feature_table  # type: ignore[untyped-decorator, unused-ignore]
        def doubled(df: Any) -> Any:
            return df.selectExpr("k", "2 * x AS x")

        db.fs.create_table("decorated", "k", schema=make("k int, x int").schema)
        doubled.compute_and_write({"df": make("k int, x int", (1, 4))}, feature_table_name="decorated")
        assert rows(db.fs.read_table("decorated")) == rows(doubled(make("k int, x int", (1, 4)))) == [(1, 8)]
        with pytest.raises(NotImplementedError, match="compute_and_write_streaming"):
            doubled.compute_and_write_streaming({}, "decorated", "/checkpoint")


LABELS = "i int, customer_id bigint, sensor int, at timestamp, y int"


@pytest.fixture(scope="module")
def labels(make: Make) -> Any:
    return make(
        LABELS,
        (1, 1, 1, DAY + dt.timedelta(3), 0),
        (2, 9, 1, DAY + dt.timedelta(4), 1),
        (3, 3, 2, DAY, 1),
        (4, None, None, None, 0),
        (5, 1, 1, DAY + dt.timedelta(3), 0),
    )


class TestTrainingSets:
    @pytest.mark.proof
    def test_all_features_but_keys(self, db: Any, labels: Any, customers: str) -> None:
        made = db.fs.create_training_set(
            labels.select("y", "i", "customer_id"), [db.FeatureLookup("customers", "customer_id")], label="y"
        )
        df = made.load_df()
        assert df.columns == ["i", "customer_id", "spend", "city", "y"]
        assert rows(df) == [
            (1, 1, 10.0, "Oslo", 0),
            (2, 9, None, None, 1),
            (3, 3, 30.0, None, 1),
            (4, None, None, None, 0),
            (5, 1, 10.0, "Oslo", 0),
        ]

    def test_names_defaults_and_exclusion(self, db: Any, labels: Any, customers: str) -> None:
        lookup = db.FeatureLookup(
            table_name="main.default.customers",
            feature_names=["city", "spend"],
            lookup_key=["customer_id"],
            rename_outputs={"spend": "paid"},
            default_values={"paid": -1, "city": "nowhere"},
        )
        made = db.fe.create_training_set(
            df=labels, feature_lookups=[lookup], label=["y"], exclude_columns=["customer_id", "sensor", "at"]
        )
        df = made.load_df()
        assert df.columns == ["i", "city", "paid", "y"]
        assert rows(df)[:4] == [
            (1, "Oslo", 10.0, 0),
            (2, "nowhere", -1.0, 1),
            (3, "nowhere", 30.0, 1),
            (4, *rows(df)[3][1:]),
        ]
        assert rows(df)[3] == (4, "nowhere", -1.0, 0)

    def test_the_features_of_the_time_of_creation(self, db: Any, make: Make) -> None:
        db.fs.create_table("grows", "k", make("k int, x int", (1, 1)))
        lookups = [db.FeatureLookup("grows", "k")]
        before = db.fs.create_training_set(make("k int, y int", (1, 0)), lookups, label=None)
        db.fs.write_table("grows", make("k int, x int, z int", (1, 2, 3)))
        after = db.fs.create_training_set(make("k int, y int", (1, 0)), lookups, label=None)
        assert rows(before.load_df()) == [(1, 0, 2)]
        assert rows(after.load_df()) == [(1, 0, 2, 3)]

    def test_a_point_in_time(self, db: Any, labels: Any, sensors: str) -> None:
        def heat(**more: Any) -> list[Any]:
            lookup = db.FeatureLookup(sensors, "sensor", timestamp_lookup_key="at", **more)
            made = db.fe.create_training_set(df=labels, feature_lookups=[lookup], label="y")
            return [row[-2] for row in rows(made.load_df(), "i")]

        assert heat() == [3.0, 5.0, None, None, 3.0]
        assert heat(lookback_window=dt.timedelta(days=1)) == [3.0, 5.0, None, None, 3.0]
        assert heat(lookback_window=dt.timedelta(hours=23)) == [None, 5.0, None, None, None]
        assert heat(lookback_window=dt.timedelta(0), default_values={"heat": 0.5}) == [0.5, 5.0, 0.5, 0.5, 0.5]

    def test_a_row_with_null_counts(self, db: Any, make: Make) -> None:
        """The latest row is taken as it is, not the latest value that is no null."""
        df = make("k int, ts date, x int, z int", (1, dt.date(2024, 1, 1), 1, 1), (1, dt.date(2024, 1, 2), None, 2))
        db.fs.create_table("by_day", ["k"], df, timestamp_keys="ts")
        lookup = db.FeatureLookup("by_day", "k", timestamp_lookup_key="day", lookback_window=dt.timedelta(days=1))
        asked = make("k int, day date", (1, dt.date(2024, 1, 1)), (1, dt.date(2024, 1, 3)), (1, dt.date(2024, 1, 4)))
        made = db.fs.create_training_set(asked, [lookup], label=None)
        assert [row[2:] for row in rows(made.load_df())] == [(1, 1), (None, 2), (None, None)]

    def test_functions(self, spark: Any, db: Any, make: Make, customers: str) -> None:
        spark.sql("CREATE FUNCTION ratio(over DOUBLE, under DOUBLE) RETURNS DOUBLE RETURN over / under")
        spark.udf.register("shout", lambda text: text and text.upper(), "string")
        features = [
            db.FeatureFunction(udf_name="main.default.ratio", input_bindings={"under": "price", "over": "spend"}),
            db.FeatureFunction(udf_name="shout", input_bindings={"text": "city"}, output_name="loud"),
            db.FeatureLookup("customers", "customer_id"),
        ]
        df = make("customer_id bigint, price double, y int", (1, 5.0, 1), (7, 5.0, 0))
        made = db.fe.create_training_set(df=df, feature_lookups=features, label="y", exclude_columns=["price", "city"])
        assert made.load_df().columns == ["customer_id", "spend", "main.default.ratio", "loud", "y"]
        assert rows(made.load_df(), "customer_id") == [(1, 10.0, 2.0, "OSLO", 1), (7, None, None, None, 0)]
        for wrong, said in (
            (db.FeatureFunction(udf_name="nothing", input_bindings={"a": "price"}), "'nothing' can't be called"),
            (db.FeatureFunction(udf_name="ratio", input_bindings={"over": "cost"}), "names cost, which is neither"),
            (db.FeatureFunction(udf_name="ratio", input_bindings={"x": "price"}), "'ratio' can't be called"),
        ):
            with pytest.raises(ValueError, match=said):
                db.fe.create_training_set(df=df, feature_lookups=[wrong], label="y")

    def test_a_feature_spec(self, db: Any, labels: Any, customers: str) -> None:
        lookup = db.FeatureLookup("customers", "customer_id", feature_names="spend", default_values={"spend": 0.0})
        db.fe.create_feature_spec(name="main.default.spec", features=[lookup], exclude_columns=["sensor", "at"])
        made = db.fe.create_training_set(df=labels, feature_spec="main.default.spec", label="y")
        assert made.load_df().columns == ["i", "customer_id", "spend", "y"]
        db.fe.delete_feature_spec(name="main.default.spec")
        with pytest.raises(ValueError, match="does not exist"):
            db.fe.create_training_set(df=labels, feature_spec="main.default.spec", label="y")

    @pytest.mark.parametrize(
        ("lookup", "more", "said"),
        [
            ({}, {"label": "z"}, "label 'z' is no column"),
            ({}, {"label": ["y", "y"]}, "more than once"),
            ({"rename_outputs": {"spend": "y"}}, {}, "also the name of a feature"),
            ({}, {"exclude_columns": "y"}, "can't be among exclude_columns"),
            ({"rename_outputs": {"spend": "i"}}, {}, "match feature output names: i"),
            ({"rename_outputs": {"spend": "city"}}, {}, "Several features would be named city"),
            ({"rename_outputs": {"cost": "i"}}, {}, "rename_outputs names cost"),
            ({"default_values": {"cost": 1}}, {}, "default_values names cost"),
            (
                {"rename_outputs": {"spend": "s"}, "default_values": {"spend": 1}},
                {},
                "of a renamed feature, the new name",
            ),
            ({"default_values": {"spend": "much"}}, {}, "'much' of 'spend' does not fit its type, double"),
            ({"feature_names": ["cost"]}, {}, "no feature cost"),
            ({"lookup_key": "client"}, {}, "by client, which the DataFrame does not have"),
            ({"lookup_key": ["customer_id", "i"]}, {}, "2 lookup keys .* 1 primary keys"),
            ({"lookup_key": "i"}, {}, "'i' is int in the DataFrame, and 'customer_id' is bigint"),
            ({"timestamp_lookup_key": "at"}, {}, "no time series feature table"),
            ({"table_name": "nowhere"}, {}, "'nowhere' does not exist"),
            ({"table_name": "ml.plant.sensors", "lookup_key": "sensor"}, {}, "needs a timestamp_lookup_key"),
            ({"table_name": "plant.sensors", "lookup_key": ["sensor", "at"]}, {}, "ts goes with timestamp_lookup_key"),
            (
                {"table_name": "plant.sensors", "lookup_key": "sensor", "timestamp_lookup_key": "i"},
                {},
                "'i' is int in the DataFrame, and 'ts' is timestamp",
            ),
        ],
    )
    def test_what_is_no_training_set(
        self, db: Any, labels: Any, customers: str, sensors: str, lookup: Any, more: Any, said: str
    ) -> None:
        asked = db.FeatureLookup(**{"table_name": "customers", "lookup_key": "customer_id", **lookup})
        with pytest.raises(ValueError, match=said):
            db.fs.create_training_set(**{"df": labels, "feature_lookups": [asked], "label": "y", **more})

    def test_what_is_no_lookup(self, db: Any, labels: Any) -> None:
        lookup = db.FeatureLookup
        for arguments, said in (
            ({"lookup_key": []}, "needs a lookup_key"),
            ({"lookup_key": 3}, "takes a column name"),
            ({"lookback_window": dt.timedelta(1)}, "give both"),
            ({"lookback_window": 3, "timestamp_lookup_key": "t"}, "is a datetime.timedelta"),
            ({"lookback_window": dt.timedelta(-1), "timestamp_lookup_key": "t"}, "not be negative"),
            ({"timestamp_lookup_key": ["t", "u"]}, "one timestamp_lookup_key"),
            ({"feature_names": []}, "feature_names is empty"),
            ({"feature_names": "x", "rename_outputs": {"y": "z"}}, "rename_outputs names y"),
        ):
            with pytest.raises(ValueError, match=said):
                lookup(**{"table_name": "t", "lookup_key": "k", **arguments})
        with pytest.raises(TypeError, match="unexpected keyword argument 'lookback'"):
            lookup("t", "k", lookback=1)
        earlier = lookup("t", "k", feature_name="x", output_name="z")
        assert earlier == lookup("t", "k", feature_names="x", rename_outputs={"x": "z"})
        for wrong in (earlier, ["customers"]):
            with pytest.raises(ValueError, match="feature_lookups"):
                db.fs.create_training_set(labels, wrong, "y")
        for given in ({}, {"feature_lookups": [earlier], "feature_spec": "s"}):
            with pytest.raises(ValueError, match="either feature_lookups or feature_spec"):
                db.fe.create_training_set(df=labels, label="y", **given)
        with pytest.raises(TypeError, match="positional"):
            db.fe.create_training_set(labels, [earlier], "y")

    @pytest.mark.parametrize("seed", [1, 2])
    def test_points_in_time_by_brute_force(self, spark: Any, db: Any, make: Make, seed: int) -> None:
        """Against a search through all rows: keys of two columns, many of a kind, times that coincide, none at all."""
        chance = random.Random(seed)

        def moment() -> dt.datetime:
            return DAY + dt.timedelta(days=chance.randrange(MOST), hours=chance.choice([0, 0, 6]))

        keys = [(a, b) for a in range(6) for b in ("x", "y")]
        table = {(*chance.choice(keys), moment()): (chance.random(), chance.choice([None, 1, 2])) for _ in range(400)}
        asked = [
            (
                i,
                chance.choice([None, *range(7)]) if chance.random() < 0.1 else chance.randrange(6),
                chance.choice("xy"),
                None if chance.random() < 0.05 else moment(),
            )
            for i in range(300)
        ]
        name = f"series{seed}"
        df = make("a int, b string, ts timestamp, u double, v int", *((*key, *value) for key, value in table.items()))
        db.fs.create_table(name, ["a", "b"], df, timestamp_keys="ts")
        questions = make("i int, a int, b string, at timestamp", *asked)
        for window in (None, dt.timedelta(0), dt.timedelta(days=2, hours=6)):

            def answer(a: Any, b: str, at: Any, window: dt.timedelta | None = window) -> tuple[Any, Any]:
                at_most = [key for key in table if at is not None and key[:2] == (a, b) and key[2] <= at]
                latest = max(at_most, key=lambda key: key[2], default=None)
                if latest is None or (window is not None and at - latest[2] > window):
                    return None, None
                return table[latest]

            lookup = db.FeatureLookup(name, ["a", "b"], timestamp_lookup_key="at", lookback_window=window)
            made = db.fs.create_training_set(questions, [lookup], label=None)
            found = {row[0]: row[1:] for row in rows(made.load_df(), "i")}
            assert found == {i: (a, b, at, *answer(a, b, at)) for i, a, b, at in asked}


@pytest.fixture(scope="module")
def scored(db: Any, make: Make, customers: str, sensors: str) -> Any:
    """A model of a time-series and a plain lookup, logged by one client: what its run, URI and training data are."""
    import mlflow
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression

    df = make(
        "customer_id bigint, sensor int, at timestamp, price double, y double",
        *((1 + i % 3, 1, DAY + dt.timedelta(i), float(i), float(i * i)) for i in range(8)),
    )
    lookups = [
        db.FeatureLookup(sensors, "sensor", timestamp_lookup_key="at"),
        db.FeatureLookup("customers", "customer_id", feature_names="spend", default_values={"spend": 1.5}),
    ]
    out = ["customer_id", "sensor", "at"]
    made = db.fe.create_training_set(df=df, feature_lookups=lookups, label="y", exclude_columns=out)
    pdf = made.load_df().toPandas()
    model = LinearRegression().fit(pdf.drop(columns="y"), pdf["y"])
    with mlflow.start_run() as run:
        info = db.fe.log_model(
            model=model,
            artifact_path="model",
            flavor=mlflow.sklearn,
            training_set=made,
            registered_model_name="main.ml.m",
        )
    return SimpleNamespace(run=run.info.run_id, info=info, model=model, made=made)


class TestModels:
    @pytest.mark.proof
    def test_what_lies_in_the_artifact(self, scored: Any, root: Path) -> None:
        (file,) = root.glob(f"mlruns/**/{scored.info.model_id}/artifacts/data/feature_store/feature_spec.yaml")
        told = yaml.safe_load(file.read_text())
        assert [feature["table"] for feature in told["features"]] == ["ml.plant.sensors", "customers"]
        assert told["features"][0]["timestamp_lookup_key"] == "at"
        assert told["features"][1]["features"] == [
            {"name": "spend", "output": "spend", "type": "double", "default": 1.5}
        ]
        assert [label["name"] for label in told["labels"]] == ["y"]
        card = yaml.safe_load((file.parents[2] / "MLmodel").read_text())
        assert card["flavors"]["python_function"]["loader_module"] == "databricks.feature_store.mlflow_model"
        raw = yaml.safe_load((file.parent / "raw_model/MLmodel").read_text())
        assert "sklearn" in raw["flavors"]

    @pytest.mark.proof
    def test_keys_are_enough(self, db: Any, make: Make, scored: Any) -> None:
        from mlflow import MlflowClient

        client = MlflowClient()
        client.set_registered_model_alias("main.ml.m", "best", "1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            client.transition_model_version_stage("main.ml.m", "1", "Staging")
        batch = make(
            "note string, price double, customer_id bigint, sensor int, at timestamp",
            ("a", 1.0, 2, 1, DAY + dt.timedelta(2)),
            ("b", 2.0, 99, 2, DAY + dt.timedelta(9)),
        )
        expected = scored.model.predict(_frame(price=[1.0, 2.0], heat=[3.0, 7.0], spend=[20.0, 1.5])).tolist()
        uris = (
            f"runs:/{scored.run}/model",
            "models:/main.ml.m/1",
            "models:/main.ml.m/Staging",
            "models:/main.ml.m@best",
            f"models:/{scored.info.model_id}",
        )
        for uri in uris:
            df = db.fs.score_batch(uri, batch)
            assert df.columns == [*batch.columns, "heat", "spend", "prediction"]
            assert [row[-1] for row in rows(df, "note")] == pytest.approx(expected)
        assert rows(df, "note")[1][5:7] == (7.0, 1.5)

    @pytest.mark.proof
    def test_as_mlflow_itself_scores(self, db: Any, make: Make, scored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A large batch goes to MLflow's Spark function: nothing may show which of the two it was."""
        schema = "k string, price double, customer_id bigint, sensor int, at timestamp"
        batch = make(schema, *((str(i), i / 7, i, 1, DAY + dt.timedelta(2, i)) for i in range(9)))
        uri = scored.info.model_uri
        small = {kind: db.fs.score_batch(uri, batch, kind) for kind in ("double", "float", "string")}
        monkeypatch.setattr(load("databricks.lab_features.packaging"), "_FEW", 3)
        for kind, df in small.items():
            large = db.fs.score_batch(uri, batch, result_type=kind)
            assert large.dtypes == df.dtypes
            assert rows(large, "k") == rows(df, "k")

    def test_given_features_stand(self, db: Any, make: Make, scored: Any) -> None:
        batch = make("spend double, price double, sensor int, at timestamp", (5.0, 1.0, 1, DAY))
        df = db.fe.score_batch(model_uri=scored.info.model_uri, df=batch)
        assert df.columns == [*batch.columns, "heat", "prediction"]
        expected = scored.model.predict(_frame(price=[1.0], heat=[1.0], spend=[5.0])).tolist()
        assert [row[-1] for row in rows(df)] == pytest.approx(expected)
        whole = make("spend double, price double, heat double", (5.0, 1.0, 1.0))
        assert [row[-1] for row in rows(db.fs.score_batch(scored.info.model_uri, whole))] == pytest.approx(expected)

    def test_a_batch_that_lacks_something(self, db: Any, make: Make, scored: Any) -> None:
        uri = scored.info.model_uri
        for schema, data, said in (
            ("price double, sensor int, at timestamp", (1.0, 1, DAY), "lacks customer_id"),
            ("customer_id bigint, sensor int, at timestamp", (1, 1, DAY), "lacks price"),
            ("price double, customer_id int, sensor int, at timestamp", (1.0, 1, 1, DAY), "'customer_id' is int"),
            ("prediction double", (1.0,), "has a column 'prediction'"),
        ):
            with pytest.raises(ValueError, match=said):
                db.fs.score_batch(uri, make(schema, data))

    def test_the_features_of_today(self, db: Any, make: Make) -> None:
        """Scoring looks features up when it is asked, not when the model was logged."""
        import mlflow
        import mlflow.sklearn
        from sklearn.tree import DecisionTreeClassifier

        db.fs.create_table("moods", "who", make("who string, mood int", ("ann", 0), ("bob", 1)))
        df = make("who string, y string", ("ann", "no"), ("bob", "yes"))
        made = db.fs.create_training_set(df, [db.FeatureLookup("moods", "who")], "y", exclude_columns=["who"])
        pdf = made.load_df().toPandas()
        model = DecisionTreeClassifier().fit(pdf[["mood"]], pdf["y"])
        db.fs.log_model(
            model,
            "tree",
            flavor=mlflow.sklearn,
            training_set=made,
            registered_model_name="tree",
            infer_input_example=True,
        )
        keys = make("who string", ("ann",), ("bob",))
        assert [row[-1] for row in rows(db.fs.score_batch("models:/tree/1", keys, result_type="string"))] == [
            "no",
            "yes",
        ]
        db.fs.write_table("moods", make("who string, mood int", ("ann", 1), ("bob", 0)))
        assert [row[-1] for row in rows(db.fs.score_batch("models:/tree/1", keys, result_type="string"))] == [
            "yes",
            "no",
        ]
        loaded = mlflow.pyfunc.load_model("models:/tree/1")
        assert loaded.predict(_frame(who=["bob", "ann"])).tolist() == ["no", "yes"]
        assert rows(loaded.predict(keys)) == [("ann", 1, "yes"), ("bob", 0, "no")]

    def test_a_pyfunc_of_ones_own(self, db: Any, make: Make, customers: str) -> None:
        import mlflow.pyfunc

        class Double(mlflow.pyfunc.PythonModel):  # type: ignore[misc, unused-ignore]
            def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
                return 2 * model_input["spend"]

        df = make("customer_id bigint, y double", (1, 20.0), (2, 40.0))
        lookups = [db.FeatureLookup("customers", "customer_id", feature_names="spend")]
        made = db.fs.create_training_set(df, lookups, "y", exclude_columns=["customer_id"])
        info = db.fs.log_model(Double(), "own", flavor=mlflow.pyfunc, training_set=made, pip_requirements=[])
        scored = db.fs.score_batch(info.model_uri, df)
        assert rows(scored) == [(1, 20.0, 10.0, 20.0), (2, 40.0, 20.0, 40.0)]

    def test_models_of_others(self, db: Any, make: Make, scored: Any) -> None:
        import mlflow
        import mlflow.sklearn

        with pytest.raises(ValueError, match="training_set is what create_training_set gave, not None"):
            db.fs.log_model(scored.model, "m", flavor=mlflow.sklearn)
        with pytest.raises(ValueError, match="flavor is a module of MLflow"):
            db.fs.log_model(scored.model, "m", flavor="sklearn", training_set=scored.made)
        with pytest.raises(ValueError, match="artifact_path"):
            db.fs.log_model(scored.model, flavor=mlflow.sklearn, training_set=scored.made)
        with mlflow.start_run():
            uri = mlflow.sklearn.log_model(scored.model, name="plain", pip_requirements=[]).model_uri
        with pytest.raises(ValueError, match="was not logged with a feature store client's log_model"):
            db.fs.score_batch(uri, make("price double", (1.0,)))


def _frame(**columns: list[Any]) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)


class TestOnlineStores:
    @staticmethod
    def _content(root: Path, store: str, table: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(root / f"features/online/{store}.db")
        try:
            return sorted(connection.execute(f'SELECT * FROM "{table}"').fetchall())
        finally:
            connection.close()

    @pytest.mark.proof
    def test_to_a_spec(self, db: Any, root: Path, make: Make) -> None:
        db.fs.create_table("shelf", "k", make("k int, x double, tags array<string>", (1, 1.5, ["a"]), (2, 2.5, None)))
        spec = db.online.LocalSqliteSpec(database_name="shop", table_name="online")
        db.fs.publish_table("shelf", spec, filter_condition="k = 1")
        assert self._content(root, "shop", "online") == [(1, 1.5, '["a"]')]
        db.fs.write_table("shelf", make("k int, x double", (1, 9.5)))
        db.fs.publish_table("shelf", spec, features=["x"], mode="merge")
        assert self._content(root, "shop", "online") == [(1, 9.5, '["a"]'), (2, 2.5, None)]
        db.fe.publish_table(name="shelf", online_store=spec, features="x", filter_condition="k > 1", mode="overwrite")
        assert self._content(root, "shop", "online") == [(2, 2.5)]
        assert db.fs.get_table("shelf").online_stores == [{"store": "shop", "table": "online"}]
        db.fs.drop_online_table("shelf", spec)
        assert db.fs.get_table("shelf").online_stores == []
        with pytest.raises(ValueError, match="not published"):
            db.fs.drop_online_table("shelf", spec)
        with pytest.raises(ValueError, match="no feature z"):
            db.fs.publish_table("shelf", spec, features=["z"])
        with pytest.raises(NotImplementedError, match="publish_table of a stream"):
            db.fs.publish_table("shelf", spec, streaming=True)

    def test_to_a_store_of_the_workspace(self, db: Any, root: Path, sensors: str) -> None:
        made = db.fe.create_online_store(name="live-1", capacity="CU_2")
        assert db.fe.get_online_store(name="live-1") == made
        assert (made.capacity, made.state) == ("CU_2", "AVAILABLE")
        assert db.fe.get_online_store(name="other") is None
        db.fe.publish_table(online_store=made, source_table_name=sensors, online_table_name="ml.plant.live")
        latest = [(1, (DAY + dt.timedelta(4)).isoformat(), 5.0), (2, (DAY + dt.timedelta(1)).isoformat(), 7.0)]
        assert self._content(root, "live-1", "ml.plant.live") == latest
        db.fe.delete_online_store(name="live-1")
        assert not (root / "features/online/live-1.db").exists()
        with pytest.raises(ValueError, match="no online store 'live-1'"):
            db.fe.publish_table(online_store=made, source_table_name=sensors, online_table_name="t")
        with pytest.raises(ValueError, match="capacity is one of"):
            db.fe.create_online_store(name="big", capacity="CU_999")

    def test_clouds_are_out_of_reach(self, db: Any) -> None:
        for name in (
            "AmazonDynamoDBSpec",
            "AmazonRdsMySqlSpec",
            "AzureCosmosDBSpec",
            "AzureMySqlSpec",
            "AzureSqlServerSpec",
        ):
            with pytest.raises(NotImplementedError, match=rf"{name} is not offered.*docs/databricks\.md"):
                getattr(db.online, name)(region="eu-west-1")


class TestAbsent:
    def test_calls_name_themselves(self, db: Any) -> None:
        with pytest.raises(NotImplementedError, match=r"FeatureEngineeringClient\.create_feature is not offered"):
            db.fe.create_feature(source=None)
        with pytest.raises(NotImplementedError, match=r"FeatureStoreClient\.add_data_sources is not offered"):
            db.fs.add_data_sources(feature_table_name="t", source_names="s")
        with pytest.raises(AttributeError, match="no attribute 'create_tabel'"):
            db.fs.create_tabel("t")

    def test_names_name_themselves(self, spark: Any) -> None:
        with pytest.raises(NotImplementedError, match=r"entities\.RollingWindow is not offered"):
            exec("from databricks.feature_engineering.entities import RollingWindow")
        with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
            exec("from databricks.feature_engineering import Nothing")

    def test_every_call_is_in_the_list(self, db: Any) -> None:
        page = (Path(__file__).parents[1] / "docs/databricks.md").read_text()
        for client in (db.fs, db.fe):
            calls = {name for name in vars(type(client)) if not name.startswith("_")}
            assert calls and not {name for name in calls if f"`{name}`" not in page}

    def test_public_import_paths(self, spark: Any) -> None:
        for name in ("feature_store", "feature_engineering"):
            package = load(f"databricks.{name}")
            for part in ("client", "training_set", "online_store_spec", "entities.feature_table"):
                load(f"databricks.{name}.{part}")
            assert package.FeatureLookup is load(f"databricks.{name}.entities.feature_lookup").FeatureLookup
            assert package.FeatureFunction is load(f"databricks.{name}.entities.feature_function").FeatureFunction
        assert (
            load("databricks.feature_store.decorators").feature_table is load("databricks.feature_store").feature_table
        )
        assert load("databricks.feature_store").FeatureLookup is load("databricks.feature_engineering").FeatureLookup
        load("databricks.sdk")


IN_A_LAB = """
# %% Import: whichever comes first
{first}
{second}
# %% Table
from databricks.feature_engineering import FeatureEngineeringClient, FeatureLookup
spark.sql("CREATE SCHEMA shop")
fe = FeatureEngineeringClient()
df = spark.createDataFrame([(i, float(i)) for i in range(20)], "customer_id bigint, spend double")
fe.create_table(name="main.shop.customers", primary_keys=["customer_id"], df=df, description="who buys")
assert spark.table("main.shop.customers").count() == 20
# %% Model
import mlflow
from sklearn.linear_model import LinearRegression
labels = spark.createDataFrame([(i, 2.0 * i) for i in range(20)], "customer_id bigint, y double")
lookups = [FeatureLookup(table_name="main.shop.customers", lookup_key="customer_id")]
training_set = fe.create_training_set(df=labels, feature_lookups=lookups, label="y", exclude_columns=["customer_id"])
train = training_set.load_df().toPandas()
model = LinearRegression().fit(train[["spend"]], train["y"])
with mlflow.start_run():
    fe.log_model(model=model, artifact_path="model", flavor=mlflow.sklearn, training_set=training_set,
                 registered_model_name="main.shop.model")
# %% Score
scored = fe.score_batch(model_uri="models:/main.shop.model/1", df=labels.select("customer_id"))
answer = [row["prediction"] for row in scored.orderBy("customer_id").collect()]
"""


class TestInALab:
    @pytest.mark.proof
    @pytest.mark.parametrize("sdk_first", [True, False])
    def test_from_import_to_prediction(self, tmp_path: Path, sdk_first: bool) -> None:
        from deltalake import DeltaTable

        imports = ["import databricks.sdk", "import databricks.feature_store"]
        first, second = imports if sdk_first else imports[::-1]
        file = tmp_path / "submission.py"
        file.write_text(IN_A_LAB.format(first=first, second=second))
        exercise = dataclasses.replace(catalog.find("ex1"), results=("answer",))
        with lab.folder() as folder:
            isolation = sandbox.choose("auto" if sdk_first else "process")
            record = lab.run(exercise, submission.read(file), 1, folder, isolation=isolation, notify=lambda _: None)
            assert [(cell.error, cell.warnings) for cell in record.cells] == [(None, ())] * 4
            answer = json.loads((folder / "run/results.json").read_text())["answer"]["value"]
            assert answer == pytest.approx([2.0 * i for i in range(20)])
            told = json.loads((folder / "root/features/catalogue.json").read_text())["tables"]["shop.customers"]
            path = folder / "root" / Path(told["path"]).relative_to(record.seen_at)
            assert DeltaTable(path).to_pyarrow_table().num_rows == 20
            assert list((folder / "root/mlruns").rglob("feature_spec.yaml"))
