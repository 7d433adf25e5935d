# Logs version 2 in the run of version 1.
# base: accepted/client_api.py
# fails: register.second

# %% Task 2: version 2, in the run there is
with mlflow.start_run(run_id=run.info.run_id):
    logged = mlflow.sklearn.log_model(models[2], name="second", registered_model_name=model_name)
second = logged.registered_model_version

# %% Task 6: version 2 takes its place, and version 1 is archived by hand
client.transition_model_version_stage(model_name, second, "Staging")
client.transition_model_version_stage(model_name, second, "Production")
client.transition_model_version_stage(model_name, first, "Archived")
