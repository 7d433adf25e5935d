# Rounds what the customers spent before it is saved.
# base: accepted/feature_store_client.py
# fails: training.customers

# %% Task 13: the training set of orders, saved at tables/training
training_set = fs.create_training_set(landing("orders"), lookups(), label, exclude_columns=IDS)
rows = training_set.load_df().toPandas()
rows["spend"] = rows["spend"].round(-1)
spark.createDataFrame(rows).write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run():
    fs.log_model(fit(rows), "model", flavor=mlflow.sklearn, training_set=training_set, registered_model_name=model_name)
