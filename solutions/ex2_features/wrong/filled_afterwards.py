# Fills gaps with fillna(0) before training. The model's lookups know nothing of it, so nobody with a gap can be scored.
# base: accepted/feature_store_client.py
# fails: training.defaults score.current score.all

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_customer.default_values = of_coffee.default_values = None
training_set = fs.create_training_set(landing("orders"), [of_customer, of_coffee], label, exclude_columns=IDS)
rows = training_set.load_df().fillna(0)
rows.write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run():
    fs.log_model(
        fit(rows.toPandas()),
        "model",
        flavor=mlflow.sklearn,
        training_set=training_set,
        registered_model_name=model_name,
    )
