# Overwrites table and schema with the second batch, so the first riders are gone.
# base: accepted/dataframe_writer.py
# fails: schema.kept change.update change.delete change.atomic

# %% Task 11: let the schema grow
landed("riders_2").write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(riders)
