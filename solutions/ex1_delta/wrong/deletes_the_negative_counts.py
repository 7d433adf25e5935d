# Deletes the rows with negative counts instead of going back.
# base: accepted/dataframe_writer.py
# fails: recover.rows

# %% Task 9: clean up
DeltaTable.forPath(spark, stock).delete("bikes < 0")
