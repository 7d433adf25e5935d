# Registers all three versions first; versions 1 and 2 go through the stages when version 3 is champion already.
# base: accepted/client_api.py
# fails: nothing

# %% Task 5: later

# %% Task 6: later

# %% Task 8: version 3 takes over, and only now the stages
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
for version in (first, second):
    client.transition_model_version_stage(model_name, version, "Staging")
    client.transition_model_version_stage(model_name, version, "Production", archive_existing_versions=True)
