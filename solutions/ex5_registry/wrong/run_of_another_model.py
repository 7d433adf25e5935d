# Names the run of version 1 as the one that logged version 2.
# base: accepted/client_api.py
# fails: register.lineage

# %% Task 2: version 2, with the run of version 1
with mlflow.start_run(run_name="version 2"):
    logged = mlflow.sklearn.log_model(models[2], name="model")
second = client.create_model_version(model_name, source=logged.model_uri, run_id=run.info.run_id).version
