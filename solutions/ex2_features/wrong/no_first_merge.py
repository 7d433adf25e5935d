# Never brings the second file in.
# base: accepted/feature_store_client.py
# fails: write.merged write.kept

# %% Task 2: merge customers_2 into customers_table
