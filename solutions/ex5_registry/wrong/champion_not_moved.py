# Registers version 3 and names a fallback, but leaves champion where it is.
# base: accepted/client_api.py
# fails: aliases.promoted

# %% Task 8: version 3 does not take over
before = client.get_model_version_by_alias(model_name, "champion").version
with mlflow.start_run(run_name="version 3"):
    mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
client.set_registered_model_alias(model_name, fallback_alias, before)
