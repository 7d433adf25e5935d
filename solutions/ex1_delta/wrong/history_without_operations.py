# Keeps the versions and their times, but not what they did.
# base: accepted/dataframe_writer.py
# fails: travel.history

# %% Task 5: the history of rides
history_df = spark.sql(f"DESCRIBE HISTORY delta.`{rides}`").select("version", "timestamp")
