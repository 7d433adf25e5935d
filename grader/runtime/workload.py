"""What the archive is trained on: the things that a Delta lab does, once, in an empty folder.

Run as a script by :mod:`grader.runtime.archive`, in a process that attaches to the gateway. Only classes
and their use are remembered, so the data may be anything.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def main() -> None:
    from delta.tables import DeltaTable
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    spark = SparkSession.builder.getOrCreate()
    here = Path.cwd()
    table = str(here / "sales")
    name = f"delta.`{table}`"

    def rows(first: int, last: int):  # type: ignore[no-untyped-def]
        """Sales with a column of each type that the labs' data has."""
        plain = [(i, f"item{i % 7}", float(i), f"2024-01-{1 + i % 28:02d}") for i in range(first, last)]
        frame = spark.createDataFrame(plain, "id long, item string, price double, day string")
        return frame.withColumn("day", F.to_date("day")).withColumn("square", F.col("id") * F.col("id"))

    # Reading what a lab is given.
    rows(0, 60).write.parquet(str(here / "input"))
    rows(0, 60).write.option("header", True).csv(str(here / "csv"))
    spark.read.option("header", True).option("inferSchema", True).csv(str(here / "csv")).count()
    given = spark.read.parquet(str(here / "input"))
    given.groupBy("item").agg(F.sum("price").alias("total"), F.count("*")).orderBy("item").toPandas()
    given.join(rows(0, 10).select("id", "square"), "id", "left").filter("id > 3").collect()
    given.createOrReplaceTempView("given")
    spark.sql("SELECT item, avg(price) FROM given GROUP BY item ORDER BY 2 DESC LIMIT 3").show()
    spark.createDataFrame(given.limit(5).toPandas()).collect()

    # Writing, in the ways that a learner knows.
    given.withColumn("cents", F.col("price") * 100).drop("cents").write.format("delta").mode("overwrite").save(table)
    rows(60, 90).write.format("delta").mode("append").save(table)
    with suppress(Exception):
        rows(0, 3).withColumn("extra", F.lit("x")).write.format("delta").mode("append").save(table)
    with suppress(Exception):
        rows(0, 3).withColumn("price", F.lit("x")).write.format("delta").mode("append").save(table)
    rows(90, 95).withColumn("extra", F.lit("x")).write.format("delta").mode("append").option(
        "mergeSchema", "true"
    ).save(table)
    spark.sql("CREATE TABLE shop USING delta AS SELECT id, item, price FROM given")
    spark.sql("INSERT INTO shop VALUES (500, 'item9', 1.5)")
    spark.table("shop").count()

    # Changing rows.
    delta = DeltaTable.forPath(spark, table)
    delta.update("id < 10", {"square": F.lit(0)})
    spark.sql(f"UPDATE {name} SET item = 'other' WHERE id = 11")
    delta.delete("id > 85 AND id < 90")
    spark.sql(f"DELETE FROM {name} WHERE id = 12")
    source = rows(50, 120).withColumn("extra", F.lit("y"))
    delta.alias("t").merge(source.alias("s"), "t.id = s.id").whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    source.createOrReplaceTempView("source")
    spark.sql(
        f"MERGE INTO {name} t USING source s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET t.price = s.price WHEN NOT MATCHED THEN INSERT *"
    )

    # History, time travel and repair.
    delta.history().select("version", "timestamp", "operation").toPandas()
    log = spark.sql(f"DESCRIBE HISTORY {name}").collect()
    spark.sql(f"DESCRIBE DETAIL {name}").collect()
    spark.read.format("delta").option("versionAsOf", 0).load(table).toPandas()
    second = str(log[-2]["timestamp"])
    spark.read.format("delta").option("timestampAsOf", second).load(table).count()
    spark.sql(f"SELECT count(*) FROM {name} VERSION AS OF 1").collect()
    spark.sql(f"RESTORE TABLE {name} TO VERSION AS OF 2").collect()
    delta.restoreToVersion(3)

    # Housekeeping.
    spark.sql(f"OPTIMIZE {name} ZORDER BY (id)").collect()
    delta.optimize().executeCompaction()
    spark.sql(f"VACUUM {name} RETAIN 168 HOURS DRY RUN").collect()
    delta.vacuum(168)
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('delta.logRetentionDuration' = 'interval 30 days')")
    spark.sql(f"SHOW TBLPROPERTIES {name}").collect()
    spark.read.format("delta").load(table).orderBy("id").toPandas()


if __name__ == "__main__":
    main()
