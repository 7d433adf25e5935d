# Registers version 1 while logging and then once more, and goes on as if the numbers were those of the brief.
# base: accepted/client_api.py
# fails: register.versions

# %% Task 1: version 1, twice
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
models = {1: tree(depth_1), 2: tree(depth_2), 3: forest(trees)}
with mlflow.start_run(run_name="version 1"):
    logged = mlflow.sklearn.log_model(models[1], name="model", registered_model_name=model_name)
mlflow.register_model(logged.model_uri, model_name)
first = "1"

# %% Task 2: version 2, which has the number 3
with mlflow.start_run(run_name="version 2"):
    mlflow.sklearn.log_model(models[2], name="model", registered_model_name=model_name)
second = "2"

# %% Task 8: version 3 takes over, which has the number 4
with mlflow.start_run(run_name="version 3"):
    mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", "3")
