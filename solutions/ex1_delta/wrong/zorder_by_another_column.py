# Clusters by another column than the one asked for.
# base: accepted/delta_table_api.py
# fails: maintain.zorder

# %% Task 15: compact and cluster
events.optimize().executeZOrderBy("event_id")
