# Trains the forest of version 3 with one tree too few.
# base: accepted/client_api.py
# fails: register.third

# %% Task 8: version 3 takes over
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(forest(trees - 1), name="model", registered_model_name=model_name)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
