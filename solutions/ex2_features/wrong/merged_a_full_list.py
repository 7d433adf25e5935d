# Merges a list that is complete: coffees that are no longer sold stay.
# base: accepted/feature_store_client.py
# fails: write.refreshed

# %% Task 5: coffees_2 in place of all that coffees_table held
fs.write_table(coffees_table, landing("coffees_2"), mode="merge")
