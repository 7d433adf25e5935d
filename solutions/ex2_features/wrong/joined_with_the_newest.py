# Joins each call with the customer's newest activity: what came after the call leaks in.
# base: accepted/feature_store_client.py
# fails: time.past

# %% Task 11: as_of_df, the calls with activity as it was known at each call
from pyspark.sql import functions as F

newest = (
    landing("activity")
    .groupBy(key)
    .agg(*(F.max_by(name, time_key).alias(name) for name in ("orders_30d", "idle_days")))
)
as_of_df = landing("calls").join(newest, key, "left")
