# Keeps only the latest row of each customer: the time series has lost its past.
# base: accepted/feature_store_client.py
# fails: time.table

# %% Task 10: the time-series feature table activity_table from activity
from pyspark.sql import Window
from pyspark.sql import functions as F

newest = Window.partitionBy(key).orderBy(F.desc(time_key))
latest = landing("activity").withColumn("place", F.row_number().over(newest)).filter("place = 1").drop("place")
fs.create_table(activity_table, key, latest, timestamp_keys=time_key)

# %% Task 11: as_of_df, the calls with activity as it was known at each call
import pandas as pd

as_of_df = landing("calls").toPandas().sort_values("called_at")
as_of_df = pd.merge_asof(
    as_of_df, landing("activity").toPandas().sort_values(time_key), left_on="called_at", right_on=time_key, by=key
)

# %% Task 12: recent_df, the same with activity of the last window_days days only
recent_df = pd.merge_asof(
    landing("calls").toPandas().sort_values("called_at"),
    landing("activity").toPandas().sort_values(time_key),
    left_on="called_at",
    right_on=time_key,
    by=key,
    tolerance=pd.Timedelta(days=window_days),
)
