# Appends the updates, so riders who are known stand there twice.
# base: accepted/delta_table_api.py
# fails: change.merge

# %% Task 14: bring in the updates
spark.read.parquet(f"{root}/landing/riders_updates.parquet").write.format("delta").mode("append").save(riders_path)
