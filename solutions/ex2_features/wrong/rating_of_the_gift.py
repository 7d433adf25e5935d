# Looks up the price by the favourite coffee and the jury's rating by the gift.
# base: accepted/feature_store_client.py
# fails: training.coffees

# %% Task 13: the training set of orders, saved at tables/training
of_customer, _ = lookups()
of_price = FeatureLookup(
    coffees_table, ["country", "favourite"], feature_names=["price"], default_values=defaults("price")
)
of_rating = FeatureLookup(
    coffees_table,
    ["country", "gift"],
    feature_names=["rating"],
    rename_outputs={"rating": cup_score},
    default_values=defaults(cup_score),
)
training_set = fs.create_training_set(landing("orders"), [of_customer, of_price, of_rating], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")
