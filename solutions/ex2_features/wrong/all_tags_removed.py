# Takes all tags from the table, to be sure.
# base: accepted/feature_store_client.py
# fails: describe.removed

# %% Task 8: take the tag old_tag from growers_table
for tag in fs.get_table(growers_table).tags:
    fs.delete_feature_table_tag(growers_table, tag)
