# Names no features in a lookup and so gets all of them.
# base: accepted/feature_store_client.py
# fails: training.columns

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_coffee.feature_names = None
of_coffee.default_values["strength"] = 5
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
