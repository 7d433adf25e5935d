# Sets the session's default for tables yet to be made, which leaves rides as it is.
# base: accepted/dataframe_writer.py
# fails: create.property

# %% Task 4: keep deleted files longer
spark.conf.set(
    "spark.databricks.delta.properties.defaults.deletedFileRetentionDuration", f"interval {retention_days} days"
)
