# Takes the table's columns for its keys.
# base: accepted/feature_store_client.py
# fails: describe.keys

# %% Task 7: found_keys, the primary keys of growers_table
found_keys = fs.read_table(growers_table).columns
