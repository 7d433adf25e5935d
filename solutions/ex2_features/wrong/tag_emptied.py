# Empties the tag's value and leaves the tag.
# base: accepted/feature_store_client.py
# fails: describe.removed

# %% Task 8: take the tag old_tag from growers_table
fs.set_feature_table_tag(growers_table, old_tag, "")
