# Lists what a vacuum would remove and removes nothing.
# base: accepted/dataframe_writer.py
# fails: maintain.vacuum maintain.retention

# %% Task 16: vacuum
spark.sql(f"VACUUM delta.`{events}` DRY RUN")
