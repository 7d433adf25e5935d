# Leaves the key in: the model learns from an id.
# base: accepted/feature_store_client.py
# fails: training.columns

# %% Task 13: the training set of orders, saved at tables/training
training_set = fs.create_training_set(landing("orders"), lookups(), label, exclude_columns=IDS[1:])
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
