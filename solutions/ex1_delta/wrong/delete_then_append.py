# Deletes the riders that change and appends all updates: right rows, but in two versions.
# base: accepted/delta_table_api.py
# fails: change.atomic

# %% Task 14: bring in the updates
updates = spark.read.parquet(f"{root}/landing/riders_updates.parquet")
known = updates.select(key)
riders.alias("t").merge(known.alias("s"), f"t.`{key}` = s.`{key}`").whenMatchedDelete().execute()
updates.write.format("delta").mode("append").save(riders_path)
