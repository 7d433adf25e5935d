# %% Task 1: create rides
root = dbutils.widgets.get("root")
batch = spark.read.parquet(f"{root}/landing/rides_1.parquet")
batch.selectExpr("*", "distance_m / minutes AS speed").write.format("delta").save(f"{root}/tables/rides")

# %% collects all
rows = spark.range(10**9).collect()

# %% goes on with Spark
spark.range(3).count()

# %% goes on without
bad_version = 2 + 2
