# Databricks notebook source
# Everything in SQL; Python only where a result is to be kept in a variable.
# fails: nothing
# MAGIC %md
# MAGIC # Delta operations in SQL
# MAGIC Python only where a result is to be kept in a variable.

# COMMAND ----------

# DBTITLE 1,Task 1: create rides
# MAGIC %sql
# MAGIC CREATE TABLE delta.`${root}/tables/rides` USING delta AS
# MAGIC SELECT *, distance_m / minutes AS speed
# MAGIC FROM parquet.`${root}/landing/rides_1.parquet`

# COMMAND ----------

# DBTITLE 1,Task 2: insert the second batch
# MAGIC %sql
# MAGIC INSERT INTO delta.`${root}/tables/rides`
# MAGIC SELECT *, distance_m / minutes AS speed
# MAGIC FROM parquet.`${root}/landing/rides_2.parquet`

# COMMAND ----------

# DBTITLE 1,Task 3: read it back
root = dbutils.widgets.get("root")
rides_df = spark.sql(f"SELECT * FROM delta.`{root}/tables/rides`")

# COMMAND ----------

# DBTITLE 1,Task 4: a longer retention
# MAGIC %sql
# MAGIC ALTER TABLE delta.`${root}/tables/rides`
# MAGIC SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = 'interval ${retention_days} days')

# COMMAND ----------

# DBTITLE 1,Task 5: the history
history_df = spark.sql(f"DESCRIBE HISTORY delta.`{root}/tables/rides`")
display(history_df)

# COMMAND ----------

# DBTITLE 1,Task 6: before the second batch
previous_df = spark.sql(f"SELECT * FROM delta.`{root}/tables/rides` VERSION AS OF 0")

# COMMAND ----------

# DBTITLE 1,Task 7: stock at a moment
as_of = dbutils.widgets.get("as_of")
as_of_df = spark.sql(f"SELECT * FROM delta.`{root}/tables/stock` TIMESTAMP AS OF '{as_of}'")

# COMMAND ----------

# DBTITLE 1,Task 8: the version with negative counts
versions = spark.sql(f"DESCRIBE HISTORY delta.`{root}/tables/stock`").collect()
bad_version = min(
    version
    for version in (row.version for row in versions)
    if spark.sql(
        f"SELECT count(*) FROM delta.`{root}/tables/stock` VERSION AS OF {version} WHERE bikes < 0"
    ).first()[0]
)

# COMMAND ----------

# DBTITLE 1,Task 9: restore
spark.sql(f"RESTORE TABLE delta.`{root}/tables/stock` TO VERSION AS OF {bad_version - 1}")

# COMMAND ----------

# DBTITLE 1,Task 10: the bad batch is refused
try:
    spark.sql(
        f"INSERT INTO delta.`{root}/tables/riders` SELECT * FROM parquet.`{root}/landing/riders_bad.parquet`"
    )
except Exception as e:
    refusal = e

# COMMAND ----------

# DBTITLE 1,Task 11: insert with schema evolution
# MAGIC %sql
# MAGIC INSERT WITH SCHEMA EVOLUTION INTO delta.`${root}/tables/riders` BY NAME
# MAGIC SELECT * FROM parquet.`${root}/landing/riders_2.parquet`

# COMMAND ----------

# DBTITLE 1,Task 12: the plan gold
# MAGIC %sql
# MAGIC UPDATE delta.`${root}/tables/riders` SET plan = 'gold' WHERE rides >= ${gold_from}

# COMMAND ----------

# DBTITLE 1,Task 13: riders who withdrew their consent
# MAGIC %sql
# MAGIC DELETE FROM delta.`${root}/tables/riders` WHERE consent = false

# COMMAND ----------

# DBTITLE 1,Task 14: merge
# MAGIC %sql
# MAGIC MERGE INTO delta.`${root}/tables/riders` AS known
# MAGIC USING parquet.`${root}/landing/riders_updates.parquet` AS new
# MAGIC ON known.`${key}` = new.`${key}`
# MAGIC WHEN MATCHED THEN UPDATE SET *
# MAGIC WHEN NOT MATCHED THEN INSERT *

# COMMAND ----------

# DBTITLE 1,Task 15: compact and cluster
# MAGIC %sql
# MAGIC OPTIMIZE delta.`${root}/tables/events` ZORDER BY (`${zorder_by}`)

# COMMAND ----------

# DBTITLE 1,Task 16: vacuum
# MAGIC %sql
# MAGIC VACUUM delta.`${root}/tables/events`
