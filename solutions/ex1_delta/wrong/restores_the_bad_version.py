# Restores to the bad version itself.
# base: accepted/dataframe_writer.py
# fails: recover.rows

# %% Task 9: restore
DeltaTable.forPath(spark, stock).restoreToVersion(bad_version)
