# Leaves the answer out of as_of_df.
# base: accepted/feature_store_client.py
# fails: time.none

# %% Task 11: as_of_df, the calls with activity as it was known at each call
as_of_lookup = FeatureLookup(activity_table, key, timestamp_lookup_key="called_at")
as_of_df = fs.create_training_set(landing("calls"), [as_of_lookup], "answer").load_df().drop("answer")
