# Merges the columns that riders came with, and leaves out the new one.
# base: accepted/dataframe_writer.py
# fails: change.merge

# %% Task 14: merge
values = {name: f"new.`{name}`" for name in (key, "plan", "rides", "consent")}
merging = DeltaTable.forPath(spark, riders).alias("old").merge(
    landed("riders_updates").alias("new"), f"old.`{key}` = new.`{key}`"
)
merging.whenMatchedUpdate(set=values).whenNotMatchedInsert(values=values).execute()
