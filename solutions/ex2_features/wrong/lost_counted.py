# Counts the customers instead of telling who they are.
# base: accepted/feature_store_client.py
# fails: write.lost

# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost
lost = landing("customers_1").join(landing("customers_2"), key, "left_anti").count()
