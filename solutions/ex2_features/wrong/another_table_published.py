# Publishes the customers, not their activity.
# base: accepted/feature_store_client.py
# fails: score.online

# %% Task 17: publish activity_table to an online store
fs.publish_table(customers_table, LocalSqliteSpec())
