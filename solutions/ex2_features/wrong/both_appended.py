# Appends both files of updates.
# base: accepted/feature_store_client.py
# fails: write.merged score.features

# %% Task 2: merge customers_2 into customers_table
landing("customers_2").write.format("delta").mode("append").saveAsTable(customers_table)

# %% Task 15: merge customers_3 into customers_table
landing("customers_3").write.format("delta").mode("append").saveAsTable(customers_table)
