# Writes 0 where nothing is known, in both tasks about calls: the same mistake twice.
# base: accepted/feature_store_client.py
# fails: time.none

# %% Task 11: as_of_df, the calls with activity as it was known at each call
as_of_lookup = FeatureLookup(activity_table, key, timestamp_lookup_key="called_at")
as_of_df = fs.create_training_set(landing("calls"), [as_of_lookup], "answer").load_df().fillna(0)

# %% Task 12: recent_df, the same with activity of the last window_days days only
recent_lookup = FeatureLookup(
    activity_table, key, timestamp_lookup_key="called_at", lookback_window=timedelta(days=window_days)
)
recent_df = fs.create_training_set(landing("calls"), [recent_lookup], "answer").load_df().fillna(0)
