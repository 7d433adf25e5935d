# Looks the coffee up by the gift: a column of the right type, with the wrong meaning.
# base: accepted/feature_store_client.py
# fails: training.coffees

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_coffee.lookup_key = ["country", "gift"]
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
