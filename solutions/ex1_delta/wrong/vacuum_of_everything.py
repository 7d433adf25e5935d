# Switches the safety check off and keeps nothing, so time travel is lost.
# base: accepted/dataframe_writer.py
# fails: maintain.retention

# %% Task 16: vacuum
spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
spark.sql(f"VACUUM delta.`{events}` RETAIN 0 HOURS")
