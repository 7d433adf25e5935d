# A script that starts a session of its own, as Delta's documentation shows, and stops it at the end.
# fails: nothing

# %% Set-up
from delta import DeltaTable, configure_spark_with_delta_pip
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, lit

builder = (
    SparkSession.builder.appName("delta-exercise")
    .master("local[*]")
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
)
spark = configure_spark_with_delta_pip(builder).getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

settings = {
    name: dbutils.widgets.get(name)
    for name in ["root", "key", "extra", "retention_days", "as_of", "gold_from", "zorder_by"]
}
base = settings["root"]

# %% Task 1, 2 and 4: rides
batch = spark.read.format("parquet").load(f"{base}/landing/rides_1.parquet")
batch = batch.select("*", (col("distance_m") / col("minutes")).alias("speed"))
batch.write.format("delta").mode("errorifexists").save(f"{base}/tables/rides")

rides = DeltaTable.forPath(spark, f"{base}/tables/rides")

batch = spark.read.format("parquet").load(f"{base}/landing/rides_2.parquet")
batch = batch.select("*", (col("distance_m") / col("minutes")).alias("speed"))
batch.write.format("delta").mode("append").save(f"{base}/tables/rides")

days = settings["retention_days"]
spark.sql(
    f"ALTER TABLE delta.`{base}/tables/rides` SET TBLPROPERTIES"
    f" ('delta.deletedFileRetentionDuration' = 'INTERVAL {days} DAYS')"
)

# %% Task 3, 5, 6 and 7: what is read
rides_df = spark.read.format("delta").load(f"{base}/tables/rides").cache()
history_df = rides.history(10)
previous_df = spark.read.format("delta").load(f"{base}/tables/rides@v0")
as_of_df = (
    spark.read.format("delta")
    .option("timestampAsOf", settings["as_of"])
    .load(f"{base}/tables/stock")
)

# %% Task 8 and 9: stock
stock = DeltaTable.forPath(spark, f"{base}/tables/stock")
bad_version = 0
while spark.read.option("versionAsOf", bad_version).format("delta").load(f"{base}/tables/stock").where(col("bikes") < 0).count() == 0:
    bad_version += 1
stock.restoreToVersion(bad_version - 1)

# %% Task 10 and 11: riders_bad and riders_2
try:
    spark.read.parquet(f"{base}/landing/riders_bad.parquet").write.format("delta").mode("append").save(
        f"{base}/tables/riders"
    )
except Exception as error:
    refusal = error
more = spark.read.parquet(f"{base}/landing/riders_2.parquet")
more.write.format("delta").option("mergeSchema", "true").mode("append").save(f"{base}/tables/riders")

# %% Task 12, 13 and 14: gold_from, consent and riders_updates
riders = DeltaTable.forPath(spark, f"{base}/tables/riders")
riders.update(f"rides >= {settings['gold_from']}", {"plan": "'gold'"})
riders.delete("consent = false")
new = spark.read.parquet(f"{base}/landing/riders_updates.parquet")
values = {name: f"new.{name}" for name in new.columns}
(
    riders.alias("old")
    .merge(new.alias("new"), f"old.{settings['key']} = new.{settings['key']}")
    .whenMatchedUpdate(set=values)
    .whenNotMatchedInsert(values=values)
    .execute()
)

# %% Task 15 and 16: events
events = DeltaTable.forPath(spark, f"{base}/tables/events")
events.optimize().executeCompaction()
events.optimize().executeZOrderBy(settings["zorder_by"])
events.vacuum()
spark.stop()
