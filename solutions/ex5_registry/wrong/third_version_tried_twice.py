# Registers a forest with a tree too many as version 3, deletes it and registers the right one: that is version 4.
# base: accepted/client_api.py
# fails: register.versions

# %% Task 8: version 3 takes over, at the second try
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(forest(trees + 1), name="model", registered_model_name=model_name)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
client.delete_model_version(model_name, logged.registered_model_version)
with mlflow.start_run(run_name="version 3 again"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
