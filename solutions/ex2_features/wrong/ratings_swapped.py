# Gives each rating the other one's name.
# base: accepted/feature_store_client.py
# fails: training.renamed

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_customer.rename_outputs, of_coffee.rename_outputs = {"rating": cup_score}, {"rating": own_rating}
of_customer.default_values = defaults("spend", "distance_km", cup_score)
of_coffee.default_values = defaults("price", own_rating)
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
