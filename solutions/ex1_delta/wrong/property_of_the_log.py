# Sets how long the log is kept, not how long deleted files are.
# base: accepted/dataframe_writer.py
# fails: create.property

# %% Task 4: keep deleted files longer
spark.sql(
    f"ALTER TABLE delta.`{rides}` SET TBLPROPERTIES ('delta.logRetentionDuration' = 'interval {retention_days} days')"
)
