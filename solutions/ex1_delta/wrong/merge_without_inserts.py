# Updates the riders who are known and forgets those who are not.
# base: accepted/delta_table_api.py
# fails: change.merge change.atomic

# %% Task 14: merge
updates = spark.read.parquet(f"{root}/landing/riders_updates.parquet")
(
    riders.alias("known")
    .merge(updates.alias("new"), f"known.`{key}` = new.`{key}`")
    .whenMatchedUpdateAll()
    .execute()
)
