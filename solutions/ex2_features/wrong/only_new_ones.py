# Adds the new customers and lets the known ones be, as an insert without an update.
# base: accepted/feature_store_client.py
# fails: write.merged

# %% Task 2: merge customers_2 into customers_table
known = fs.read_table(customers_table).select(key)
fs.write_table(customers_table, landing("customers_2").join(known, key, "left_anti"), mode="merge")
