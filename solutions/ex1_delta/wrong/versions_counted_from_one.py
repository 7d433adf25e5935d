# Counts versions from 1, in time travel and for the bad write alike.
# base: accepted/dataframe_writer.py
# fails: travel.version recover.found recover.rows

# %% Task 6: before the second batch
previous_df = spark.read.format("delta").option("versionAsOf", 1).load(rides)

# %% Task 8: the version with negative counts
versions = spark.sql(f"DESCRIBE HISTORY delta.`{stock}`").orderBy("version").collect()
for number, row in enumerate(versions, start=1):
    at_version = spark.read.format("delta").option("versionAsOf", row.version).load(stock)
    if at_version.where("bikes < 0").count() > 0:
        bad_version = number
        break
