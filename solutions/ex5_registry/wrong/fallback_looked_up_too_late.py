# Looks up the champion after it was moved: the fallback names version 3.
# base: accepted/client_api.py
# fails: aliases.promoted

# %% Task 8: version 3 takes over
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
