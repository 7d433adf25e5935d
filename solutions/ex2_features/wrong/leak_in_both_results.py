# Joins with the newest activity in both tasks about calls: the same mistake twice.
# base: accepted/feature_store_client.py
# fails: time.past

# %% Task 11: as_of_df, the calls with activity as it was known at each call
from pyspark.sql import functions as F

newest = (
    landing("activity")
    .groupBy(key)
    .agg(F.max(time_key).alias("at"), *(F.max_by(n, time_key).alias(n) for n in ("orders_30d", "idle_days")))
)
as_of_df = landing("calls").join(newest, key, "left").drop("at")

# %% Task 12: recent_df, the same with activity of the last window_days days only
recent = F.col("at") >= F.col("called_at") - F.expr(f"INTERVAL {window_days} DAYS")
recent_df = landing("calls").join(newest, key, "left")
recent_df = recent_df.select(
    key, "called_at", "answer", *(F.when(recent, F.col(n)).alias(n) for n in ("orders_30d", "idle_days"))
)
