# Types a history in, with operations that Delta does not know.
# base: accepted/dataframe_writer.py
# fails: travel.history

# %% Task 5: the history of rides
history_df = spark.createDataFrame([(0, "CREATE"), (1, "APPEND")], "version int, operation string")
