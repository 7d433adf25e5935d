# Stores the right speed as text.
# base: accepted/dataframe_writer.py
# fails: create.derived create.append create.read travel.version

# %% Task 1: create rides
def with_speed(batch):
    return batch.withColumn("speed", (F.col("distance_m") / F.col("minutes")).cast("string"))


with_speed(landed("rides_1")).write.format("delta").save(rides)
