# The DeltaTable class wherever it has a method for it.
# fails: nothing

# %% Set-up
from delta.tables import DeltaTable
from pyspark.sql import functions as F

root = dbutils.widgets.get("root")
key = dbutils.widgets.get("key")
extra = dbutils.widgets.get("extra")
retention_days = int(dbutils.widgets.get("retention_days"))
as_of = dbutils.widgets.get("as_of")
gold_from = int(dbutils.widgets.get("gold_from"))
zorder_by = dbutils.widgets.get("zorder_by")

rides_path = f"{root}/tables/rides"
stock_path = f"{root}/tables/stock"
riders_path = f"{root}/tables/riders"
events_path = f"{root}/tables/events"

stock = DeltaTable.forPath(spark, stock_path)
events = DeltaTable.forPath(spark, events_path)

# %% Task 1: describe rides, with its property, then fill it
first = spark.read.parquet(f"{root}/landing/rides_1.parquet")
first = first.withColumn("speed", F.expr("distance_m / minutes"))
rides = (
    DeltaTable.createIfNotExists(spark)
    .location(rides_path)
    .addColumns(first.schema)
    .property("delta.deletedFileRetentionDuration", f"interval {retention_days} days")
    .execute()
)
first.write.format("delta").mode("append").save(rides_path)

# %% Task 2: insert the second batch with a merge that never matches
second = spark.read.parquet(f"{root}/landing/rides_2.parquet")
second = second.withColumn("speed", F.expr("distance_m / minutes"))
rides.alias("t").merge(second.alias("s"), "false").whenNotMatchedInsertAll().execute()

# %% Task 3: read it back
rides_df = DeltaTable.forPath(spark, rides_path).toDF()

# %% Task 4: look at the property
details = rides.detail().select("properties").first()["properties"]
assert details["delta.deletedFileRetentionDuration"] == f"interval {retention_days} days"

# %% Task 5: the history of rides
history_df = rides.history().select("version", "timestamp", "operation", "operationMetrics")

# %% Task 6: before the second batch; version 0 is the empty table
previous_df = spark.read.option("versionAsOf", "1").format("delta").load(rides_path)

# %% Task 7: stock at a moment, found in the history
history = stock.history().where(F.col("timestamp") <= F.to_timestamp(F.lit(as_of)))
version_then = history.agg(F.max("version")).first()[0]
as_of_df = spark.read.format("delta").option("versionAsOf", version_then).load(stock_path)

# %% Task 8: the version with negative counts: the first whose file holds one
with_file = stock.toDF().where("bikes < 0").select(F.min("_metadata.file_modification_time"))
written = with_file.first()[0]
bad_version = stock.history().where(F.col("timestamp") >= F.lit(written)).agg(F.min("version")).first()[0]

# %% Task 9: restore
stock.restoreToVersion(bad_version - 1)

# %% Task 10: the bad batch is refused
refusal = None
bad = spark.read.parquet(f"{root}/landing/riders_bad.parquet")
try:
    bad.write.save(riders_path, format="delta", mode="append")
except Exception as error:
    refusal = error

# %% Task 11: add the column, then append
arrived = spark.read.parquet(f"{root}/landing/riders_2.parquet")
column_type = arrived.schema[extra].dataType.simpleString()
spark.sql(f"ALTER TABLE delta.`{riders_path}` ADD COLUMNS (`{extra}` {column_type})")
arrived.write.format("delta").mode("append").save(riders_path)
riders = DeltaTable.forPath(spark, riders_path)

# %% Task 12: the plan gold
riders.update(condition=F.col("rides") >= gold_from, set={"plan": F.lit("gold")})

# %% Task 13: riders who withdrew their consent
riders.delete(F.col("consent") == F.lit(False))

# %% Task 14: merge
updates = spark.read.parquet(f"{root}/landing/riders_updates.parquet")
(
    riders.alias("known")
    .merge(updates.alias("new"), f"known.`{key}` = new.`{key}`")
    .whenMatchedUpdateAll()
    .whenNotMatchedInsertAll()
    .execute()
)

# %% Task 15: compact and cluster
events.optimize().executeZOrderBy([zorder_by])

# %% Task 16: vacuum
events.vacuum(168)
