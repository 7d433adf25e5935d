# Takes the time for a part of the primary key: no time series, so nothing can be looked up as of a time. The online
# store then gets every row, as it does for such a table.
# base: accepted/feature_store_client.py
# fails: time.table

# %% Task 10: the time-series feature table activity_table from activity
fs.create_table(activity_table, [key, time_key], landing("activity"))

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
