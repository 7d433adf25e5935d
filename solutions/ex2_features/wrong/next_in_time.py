# Takes the next activity, as if the call had been made then.
# base: accepted/feature_store_client.py
# fails: time.past

# %% Task 11: as_of_df, the calls with activity as it was known at each call
import pandas as pd

as_of_df = landing("calls").toPandas().sort_values("called_at")
as_of_df = pd.merge_asof(
    as_of_df,
    landing("activity").toPandas().sort_values(time_key),
    left_on="called_at",
    right_on=time_key,
    by=key,
    direction="forward",
)
