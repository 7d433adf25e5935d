# Rewrites the table in one file: compact, but clustered by nothing.
# base: accepted/dataframe_writer.py
# fails: maintain.zorder

# %% Task 15: compact
whole = spark.read.format("delta").load(events)
whole.repartition(1).write.format("delta").mode("overwrite").option("dataChange", "false").save(events)
