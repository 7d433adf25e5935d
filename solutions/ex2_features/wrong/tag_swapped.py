# Gives the tag's value as its key.
# base: accepted/feature_store_client.py
# fails: describe.tag

# %% Task 6: the tag tag_key = tag_value on customers_table
fs.set_feature_table_tag(customers_table, tag_value, tag_key)
