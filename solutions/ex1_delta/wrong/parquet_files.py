# Saves rides as plain Parquet, which has no versions, and reads it back as such.
# base: accepted/dataframe_writer.py
# fails: create.rows create.derived create.append create.read create.property travel.history travel.version

# %% Task 1: create rides
with_speed(landed("rides_1")).write.parquet(rides)

# %% Task 2: append the second batch
with_speed(landed("rides_2")).write.mode("append").parquet(rides)

# %% Task 3: read it back
rides_df = spark.read.parquet(rides)
