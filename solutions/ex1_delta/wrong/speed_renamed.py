# Gives the derived column another name, in both batches.
# base: accepted/dataframe_writer.py
# fails: create.derived

# %% Task 1: create rides
def with_speed(batch):
    return batch.withColumn("pace", F.col("distance_m") / F.col("minutes"))


with_speed(landed("rides_1")).write.format("delta").save(rides)
