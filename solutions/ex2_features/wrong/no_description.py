# Creates the feature table without a description.
# base: accepted/feature_store_client.py
# fails: create.description

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
fs.create_table(customers_table, [key], landing("customers_1"))
