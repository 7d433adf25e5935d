# Makes the table by its schema alone and forgets the rows of customers_1: nothing is there that a merge could keep.
# base: accepted/feature_store_client.py
# fails: create.table write.kept

# %% Task 1: the feature table customers_table from customers_1, with its key and its description
fs.create_table(customers_table, [key], schema=landing("customers_1").schema, description=purpose)

# %% Task 2: merge customers_2 into customers_table
fs.write_table(customers_table, landing("customers_2"), mode="merge")
