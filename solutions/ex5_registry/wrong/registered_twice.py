# Registers while logging and then once more: version 2 twice, and the forest is version 4.
# base: accepted/client_api.py
# fails: register.versions

# %% Task 2: version 2, twice
with mlflow.start_run(run_name="version 2"):
    logged = mlflow.sklearn.log_model(models[2], name="model", registered_model_name=model_name)
second = logged.registered_model_version
mlflow.register_model(logged.model_uri, model_name)
