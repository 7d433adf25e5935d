# Reads the first version, whatever the moment.
# base: accepted/feature_store_client.py
# fails: describe.then

# %% Task 9: growers_then, the rows of growers_table as of as_of
growers_then = spark.read.format("delta").option("versionAsOf", 0).load(fs.get_table(growers_table).path)
