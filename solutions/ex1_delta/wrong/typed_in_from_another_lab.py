# Types in the figures of somebody else's lab.
# base: accepted/dataframe_writer.py
# fails: travel.history travel.version travel.moment recover.found recover.rows

# %% Task 5: the history of rides
history_df = spark.createDataFrame([("0", "WRITE"), ("1", "WRITE"), ("1", "RESTORE")], ["version", "operation"])

# %% Task 6: before the second batch
previous_df = spark.createDataFrame(
    [(4711, "Harbour", 12, 3100, 258.33), (4712, "Canal", 20, 5000, 250.0)],
    ["ride_id", "station", "minutes", "distance_m", "speed"],
)

# %% Task 7: stock at a moment
as_of_df = spark.createDataFrame([("Harbour", 0, 11), ("Canal", 0, 7)], ["station", "day", "bikes"])

# %% Task 8: the version with negative counts
bad_version = 3
