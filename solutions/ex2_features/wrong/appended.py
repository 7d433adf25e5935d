# Appends the updates: known customers have two rows. Orders of theirs are then found twice, which is no other mistake.
# base: accepted/feature_store_client.py
# fails: write.merged

# %% Task 2: merge customers_2 into customers_table
landing("customers_2").write.format("delta").mode("append").saveAsTable(customers_table)
