# Trains on a part of the rows, and logs that.
# base: accepted/feature_store_client.py
# fails: model.trained

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run():
    rows = training_set.load_df().toPandas().sample(frac=0.6, random_state=1)
    fs.log_model(fit(rows), "model", flavor=mlflow.sklearn, training_set=training_set, registered_model_name=model_name)
