# Leaves out calls without recent activity, where nulls were asked for.
# base: accepted/feature_store_client.py
# fails: time.window

# %% Task 12: recent_df, the same with activity of the last window_days days only
from pyspark.sql import functions as F

recent = F.col(time_key).between(F.col("called_at") - F.expr(f"INTERVAL {window_days} DAYS"), F.col("called_at"))
recent_df = landing("calls").join(landing("activity"), key).filter(recent).groupBy(key, "called_at", "answer")
recent_df = recent_df.agg(*(F.max_by(name, time_key).alias(name) for name in ("orders_30d", "idle_days")))
