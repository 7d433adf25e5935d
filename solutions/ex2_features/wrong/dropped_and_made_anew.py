# Drops the table and makes it anew: what it held before can't be read any more.
# base: accepted/feature_store_client.py
# fails: write.refreshed

# %% Task 5: coffees_2 in place of all that coffees_table held
fs.drop_table(coffees_table)
fs.create_table(coffees_table, ["country", "coffee"], landing("coffees_2"), description="what we sell, and where")
