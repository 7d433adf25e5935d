# Renames the ratings, to other names than asked for.
# base: accepted/feature_store_client.py
# fails: training.renamed

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
for lookup, name, new in ((of_customer, own_rating, "customer_rating"), (of_coffee, cup_score, "coffee_rating")):
    lookup.rename_outputs = {"rating": new}
    lookup.default_values[new] = lookup.default_values.pop(name)
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
