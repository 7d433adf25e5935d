# Overwrites where it should merge: whom the file lacks is gone.
# base: accepted/feature_store_client.py
# fails: write.kept

# %% Task 2: merge customers_2 into customers_table
fs.write_table(customers_table, landing("customers_2"), mode="overwrite")
