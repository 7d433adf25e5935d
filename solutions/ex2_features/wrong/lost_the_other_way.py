# Lists whom the new file adds, not whom it would lose.
# base: accepted/feature_store_client.py
# fails: write.lost

# %% Task 3: lost, the keys of the customers that overwriting with customers_2 would have lost
absent = landing("customers_2").join(landing("customers_1"), key, "left_anti")
lost = [row[key] for row in absent.collect()]
