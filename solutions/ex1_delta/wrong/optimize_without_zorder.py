# Compacts, but clusters by nothing.
# base: accepted/delta_table_api.py
# fails: maintain.zorder

# %% Task 15: compact
events.optimize().executeCompaction()
