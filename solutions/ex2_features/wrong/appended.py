# Appends the updates: known customers have two rows, and orders of theirs are there twice.
# base: accepted/feature_store_client.py
# fails: write.merged training.orders

# %% Task 2: merge customers_2 into customers_table
landing("customers_2").write.format("delta").mode("append").saveAsTable(customers_table)
