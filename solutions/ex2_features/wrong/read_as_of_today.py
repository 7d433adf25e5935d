# Reads the table as it is now.
# base: accepted/feature_store_client.py
# fails: describe.then

# %% Task 9: growers_then, the rows of growers_table as of as_of
growers_then = fs.read_table(growers_table)
