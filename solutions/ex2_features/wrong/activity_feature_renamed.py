# Gives a feature of the activity another name: as_of_df, recent_df and the online store then have it so.
# base: accepted/feature_store_client.py
# fails: time.table

# %% Task 10: the time-series feature table activity_table from activity
fs.create_table(
    activity_table, key, landing("activity").withColumnRenamed("idle_days", "idle"), timestamp_keys=time_key
)
