# Joins calls and activity by the key alone: a row for each row of activity, past and future.
# base: accepted/feature_store_client.py
# fails: time.past

# %% Task 11: as_of_df, the calls with activity as it was known at each call
as_of_df = landing("calls").join(landing("activity"), key, "left")
