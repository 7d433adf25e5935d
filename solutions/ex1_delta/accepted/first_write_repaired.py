# Forgets speed at first, and repairs that by an overwrite before the second batch comes.
# base: accepted/dataframe_writer.py

# %% Task 1: create rides, and mend it
landed("rides_1").write.format("delta").save(rides)
with_speed(landed("rides_1")).write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(rides)

# %% Task 6: before the second batch, when speed was there
previous_df = spark.read.format("delta").option("versionAsOf", 1).load(rides)
