# Takes the newest version in which a negative count is found, not the one that wrote it.
# base: accepted/dataframe_writer.py
# fails: recover.found recover.rows

# %% Task 8: the version with negative counts
for version in range(spark.sql(f"DESCRIBE HISTORY delta.`{stock}`").count()):
    at_version = spark.read.format("delta").option("versionAsOf", version).load(stock)
    if at_version.where("bikes < 0").count() > 0:
        bad_version = version
