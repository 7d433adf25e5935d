# Everything with DataFrames: readers, writers and their options.
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

rides = f"{root}/tables/rides"
stock = f"{root}/tables/stock"
riders = f"{root}/tables/riders"
events = f"{root}/tables/events"


def landed(name):
    return spark.read.parquet(f"{root}/landing/{name}.parquet")


def with_speed(batch):
    return batch.withColumn("speed", F.col("distance_m") / F.col("minutes"))


# %% Task 1: create rides
with_speed(landed("rides_1")).write.format("delta").save(rides)

# %% Task 2: append the second batch
with_speed(landed("rides_2")).write.format("delta").mode("append").save(rides)

# %% Task 3: read it back
rides_df = spark.read.format("delta").load(rides)
display(rides_df)

# %% Task 4: keep deleted files longer
spark.sql(
    f"ALTER TABLE delta.`{rides}` "
    f"SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = 'interval {retention_days} days')"
)

# %% Task 5: the history of rides
history_df = spark.sql(f"DESCRIBE HISTORY delta.`{rides}`")

# %% Task 6: before the second batch
previous_df = spark.read.format("delta").option("versionAsOf", 0).load(rides)

# %% Task 7: stock at a moment
as_of_df = spark.read.format("delta").option("timestampAsOf", as_of).load(stock)

# %% Task 8: the version with negative counts, halving the versions that come into question
def has_negative_counts(version):
    return not spark.read.format("delta").option("versionAsOf", version).load(stock).where("bikes < 0").isEmpty()


good, bad = 0, spark.sql(f"DESCRIBE HISTORY delta.`{stock}`").agg(F.max("version")).first()[0]
while bad - good > 1:
    middle = (good + bad) // 2
    if has_negative_counts(middle):
        bad = middle
    else:
        good = middle
bad_version = bad
print(bad_version)

# %% Task 9: overwrite stock with what it held before
good = spark.read.format("delta").option("versionAsOf", bad_version - 1).load(stock)
good.write.format("delta").mode("overwrite").save(stock)

# %% Task 10: the bad batch is refused
try:
    landed("riders_bad").write.format("delta").mode("append").save(riders)
except Exception as error:
    refusal = error
    print(type(error).__name__)

# %% Task 11: let the schema grow
landed("riders_2").write.format("delta").mode("append").option("mergeSchema", "true").save(riders)

# %% Task 12: the plan gold
now = spark.read.format("delta").load(riders)
plan = F.when(F.col("rides") >= gold_from, F.lit("gold")).otherwise(F.col("plan"))
now.withColumn("plan", plan).write.format("delta").mode("overwrite").save(riders)

# %% Task 13: riders who withdrew their consent
now = spark.read.format("delta").load(riders)
keep = F.col("consent").isNull() | F.col("consent")
now.where(keep).write.format("delta").mode("overwrite").save(riders)

# %% Task 14: known riders changed, new ones added
now = spark.read.format("delta").load(riders)
updates = landed("riders_updates")
untouched = now.join(updates.select(key), key, "left_anti").select(now.columns)
untouched.unionByName(updates).write.format("delta").mode("overwrite").save(riders)

# %% Task 15: compact and cluster
DeltaTable.forPath(spark, events).optimize().executeZOrderBy(zorder_by)

# %% Task 16: vacuum
DeltaTable.forPath(spark, events).vacuum()
