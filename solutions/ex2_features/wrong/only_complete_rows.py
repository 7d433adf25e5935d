# Leaves out customers with a null, as if a feature table could not hold it.
# base: accepted/feature_store_client.py
# fails: create.table

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
fs.create_table(customers_table, [key], landing("customers_1").dropna(), description=purpose)
