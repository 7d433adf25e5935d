# Sets a property of the Delta table, which is no tag of the feature table.
# base: accepted/feature_store_client.py
# fails: describe.tag

# %% Task 6: the tag tag_key = tag_value on customers_table
spark.sql(f"ALTER TABLE {customers_table} SET TBLPROPERTIES ('{tag_key}' = '{tag_value}')")
