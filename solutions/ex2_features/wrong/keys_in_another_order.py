# Lists the keys in reverse, and a lookup goes by their order.
# base: accepted/feature_store_client.py
# fails: describe.keys

# %% Task 7: found_keys, the primary keys of growers_table
found_keys = fs.get_table(growers_table).primary_keys[::-1]
