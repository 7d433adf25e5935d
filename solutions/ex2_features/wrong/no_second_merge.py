# Never brings the third file in.
# base: accepted/feature_store_client.py
# fails: score.features

# %% Task 15: merge customers_3 into customers_table
