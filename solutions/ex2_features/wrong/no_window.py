# Forgets the window: activity counts however old it is.
# base: accepted/feature_store_client.py
# fails: time.window

# %% Task 12: recent_df, the same with activity of the last window_days days only
recent_lookup = FeatureLookup(activity_table, key, timestamp_lookup_key="called_at")
recent_df = fs.create_training_set(landing("calls"), [recent_lookup], "answer").load_df()
