# Makes the old champion challenger when version 3 takes over.
# base: accepted/client_api.py
# fails: aliases.promoted

# %% Task 8: version 3 takes over
before = client.get_model_version_by_alias(model_name, "champion").version
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
for alias in (fallback_alias, "challenger"):
    client.set_registered_model_alias(model_name, alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
