# Trains version 2 with another depth; all that is said of it is true of that tree.
# base: accepted/client_api.py
# fails: register.second

# %% Task 2: version 2, two levels deeper
models[2] = tree(depth_2 + 2)
with mlflow.start_run(run_name="version 2"):
    logged = mlflow.sklearn.log_model(models[2], name="model", registered_model_name=model_name)
second = logged.registered_model_version
