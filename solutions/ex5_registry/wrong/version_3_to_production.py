# Takes version 3 through the stages to Production, which archives version 2.
# base: accepted/client_api.py
# fails: aliases.promoted

# %% Task 8: version 3 takes over
before = client.get_model_version_by_alias(model_name, "champion").version
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
for stage in ("Staging", "Production"):
    client.transition_model_version_stage(model_name, logged.registered_model_version, stage, True)
