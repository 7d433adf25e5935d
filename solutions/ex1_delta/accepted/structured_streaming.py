# Streams for what arrives in files: appends, a refused one, one with a new column, and a merge of each batch.
# base: accepted/dataframe_writer.py

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


def arriving(name):
    schema = spark.read.parquet(f"{root}/landing/{name}.parquet").schema
    files = spark.readStream.schema(schema).option("pathGlobFilter", f"{name}.parquet")
    return files.parquet(f"{root}/landing")


def with_speed(batch):
    return batch.withColumn("speed", F.col("distance_m") / F.col("minutes"))


def writing(rows, name):
    return rows.writeStream.option("checkpointLocation", f"/tmp/checkpoints/{name}").trigger(availableNow=True)


# %% Task 1: create rides
writing(with_speed(arriving("rides_1")), "rides_1").start(rides).awaitTermination()

# %% Task 2: append the second batch
writing(with_speed(arriving("rides_2")), "rides_2").start(rides).awaitTermination()

# %% Task 10: the bad batch is refused
try:
    writing(arriving("riders_bad"), "bad").start(riders).awaitTermination()
except Exception as error:
    refusal = error

# %% Task 11: the schema grows
writing(arriving("riders_2"), "more").option("mergeSchema", "true").start(riders).awaitTermination()

# %% Task 14: merge each batch
def merge(batch, number):
    known = DeltaTable.forPath(batch.sparkSession, riders).alias("old")
    merged = known.merge(batch.alias("new"), f"old.{key} = new.{key}")
    merged.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()


writing(arriving("riders_updates"), "updates").foreachBatch(merge).start().awaitTermination()
