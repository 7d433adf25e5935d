# Fills the new column of the first riders with a word of its own.
# base: accepted/dataframe_writer.py
# fails: schema.kept

# %% Task 11: let the schema grow
landed("riders_2").write.format("delta").mode("append").option("mergeSchema", "true").save(riders)
DeltaTable.forPath(spark, riders).update(F.col(extra).isNull(), {extra: F.lit("unknown")})
