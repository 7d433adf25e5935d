# Forgets the speed in the second batch; the append takes it all the same and fills in null.
# base: accepted/dataframe_writer.py
# fails: create.append

# %% Task 2: append the second batch
landed("rides_2").write.format("delta").mode("append").option("mergeSchema", "true").save(rides)
