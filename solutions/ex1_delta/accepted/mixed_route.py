# Temporary views, spark.sql with values formatted in, and steps in another order than the brief's.
# fails: nothing

# %% Set-up
import pyspark.sql.functions as F
from delta.tables import DeltaTable

widget = dbutils.widgets.get
tables, landing = widget("root") + "/tables", widget("root") + "/landing"
for name in ("rides_1", "rides_2", "riders_bad", "riders_2", "riders_updates"):
    spark.read.parquet(f"{landing}/{name}.parquet").createOrReplaceTempView(name)

# %% Task 15 and the rest of the housekeeping first
spark.sql(f"VACUUM delta.`{tables}/events` RETAIN 168 HOURS").show(truncate=False)
spark.sql(f"OPTIMIZE delta.`{tables}/events` ZORDER BY ({widget('zorder_by')})")

# %% Task 16 was done above

# %% Task 8: the first version whose smallest count is below zero
versions = sorted(row.version for row in DeltaTable.forPath(spark, f"{tables}/stock").history().collect())
lowest = "SELECT min(bikes) AS low FROM delta.`{}/stock` VERSION AS OF :version"
bad_version = next(
    v for v in versions if spark.sql(lowest.format(tables).replace(":version", str(v))).first().low < 0
)

# %% Task 7: stock at a moment, kept by value
as_of_df = spark.read.option("timestampAsOf", widget("as_of")).format("delta").load(f"{tables}/stock").toPandas()
as_of_df = spark.createDataFrame(as_of_df)

# %% Task 9: restore to the moment of the last good version
last_good = DeltaTable.forPath(spark, f"{tables}/stock").history().where(F.col("version") == bad_version - 1)
moment = last_good.select(F.date_format("timestamp", "yyyy-MM-dd HH:mm:ss.SSS")).first()[0]
DeltaTable.forPath(spark, f"{tables}/stock").restoreToTimestamp(moment)

# %% Task 1: create rides
spark.sql(
    f"""
    CREATE OR REPLACE TABLE delta.`{tables}/rides` USING delta
    AS SELECT ride_id, station, minutes, distance_m, CAST(distance_m AS DOUBLE) / minutes AS speed FROM rides_1
    """
)

# %% Task 4: the property before the second batch
spark.sql(
    f"ALTER TABLE delta.`{tables}/rides` SET TBLPROPERTIES "
    f"(delta.deletedFileRetentionDuration = 'interval {widget('retention_days')} days')"
)

# %% Task 2: append; the second batch is version 2 here
spark.sql(f"INSERT INTO delta.`{tables}/rides` BY NAME SELECT *, distance_m / minutes AS speed FROM rides_2")

# %% Task 3, 5 and 6: the results
rides_df = spark.table(f"delta.`{tables}/rides`")
history_df = spark.sql(f"DESCRIBE HISTORY delta.`{tables}/rides`").toPandas()[["version", "operation"]]
history_df = spark.createDataFrame(history_df)
previous_df = spark.sql(f"SELECT * FROM delta.`{tables}/rides@v1`")

# %% Task 10: the bad batch is refused
def refused():
    try:
        spark.table("riders_bad").write.mode("append").format("delta").option("mergeSchema", True).save(
            f"{tables}/riders"
        )
    except Exception as error:
        return error


refusal = refused()

# %% Task 11: evolve within the session, then write to the table
spark.conf.set("spark.databricks.delta.schema.autoMerge.enabled", "true")
spark.table("riders_2").writeTo(f"delta.`{tables}/riders`").append()
spark.conf.unset("spark.databricks.delta.schema.autoMerge.enabled")

# %% Task 12: the plan gold, the threshold formatted in by Spark
spark.sql(
    f"UPDATE delta.`{tables}/riders` SET plan = 'gold' WHERE rides >= {{least}}", least=int(widget("gold_from"))
)

# %% Task 13: riders who withdrew their consent
spark.sql(f"DELETE FROM delta.`{tables}/riders` WHERE NOT consent")

# %% Task 14: merge, each column spelled out
columns = spark.table("riders_updates").columns
spark.sql(
    f"""
    MERGE INTO delta.`{tables}/riders` AS t USING riders_updates AS s ON t.{widget("key")} = s.{widget("key")}
    WHEN MATCHED THEN UPDATE SET {", ".join(f"t.`{c}` = s.`{c}`" for c in columns)}
    WHEN NOT MATCHED THEN INSERT ({", ".join(f"`{c}`" for c in columns)})
        VALUES ({", ".join(f"s.`{c}`" for c in columns)})
    """
)
