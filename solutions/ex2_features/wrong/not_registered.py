# Logs the model and never registers it.
# base: accepted/feature_store_client.py
# fails: model.registered

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run() as run:
    model = fit(training_set.load_df().toPandas())
    fs.log_model(model, "model", flavor=mlflow.sklearn, training_set=training_set)

# %% Task 16: scores, the forecasts for batch
scores = fs.score_batch(f"runs:/{run.info.run_id}/model", landing("batch")).select(key, "prediction")
