# Leaves out activity with few orders. What is looked up in the table, and published from it, is as the table has it.
# base: accepted/feature_store_client.py
# fails: time.table

# %% Task 10: the time-series feature table activity_table from activity
fs.create_table(activity_table, key, landing("activity").filter("orders_30d > 5"), timestamp_keys=time_key)
