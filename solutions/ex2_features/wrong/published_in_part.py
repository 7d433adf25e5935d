# Publishes only customers who have ordered of late.
# base: accepted/feature_store_client.py
# fails: score.online

# %% Task 17: publish activity_table to an online store
fs.publish_table(activity_table, LocalSqliteSpec(), filter_condition="orders_30d > 10")
