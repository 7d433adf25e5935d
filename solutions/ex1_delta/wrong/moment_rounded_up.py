# Takes the first version after the moment, not the last before it.
# base: accepted/dataframe_writer.py
# fails: travel.moment

# %% Task 7: stock at a moment
after = spark.sql(f"DESCRIBE HISTORY delta.`{stock}`").where(F.col("timestamp") >= F.lit(as_of).cast("timestamp"))
version = after.agg(F.min("version")).first()[0]
as_of_df = spark.read.format("delta").option("versionAsOf", version).load(stock)
