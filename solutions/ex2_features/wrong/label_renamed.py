# Saves the label under another name.
# base: accepted/feature_store_client.py
# fails: training.orders

# %% Task 13: the training set of orders, saved at tables/training
training_set = fs.create_training_set(landing("orders"), lookups(), label, exclude_columns=IDS)
rows = training_set.load_df().withColumnRenamed(label, "target")
rows.write.format("delta").mode("overwrite").save(f"{root}/tables/training")
