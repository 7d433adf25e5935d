# Writes the second batch with mode overwrite, so the first one is gone.
# base: accepted/dataframe_writer.py
# fails: create.append

# %% Task 2: write the second batch
with_speed(landed("rides_2")).write.format("delta").mode("overwrite").save(rides)
