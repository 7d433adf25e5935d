# Registers the tree of depth_2 first: versions 1 and 2 have changed places.
# base: accepted/client_api.py
# fails: register.versions

# %% Task 1: version 1, with the depth of version 2
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
client.create_registered_model(model_name)
models = {1: tree(depth_2), 2: tree(depth_1), 3: forest(trees)}
with mlflow.start_run(run_name="version 1") as run:
    logged = mlflow.sklearn.log_model(models[1], name="model")
first = client.create_model_version(model_name, source=logged.model_uri, run_id=run.info.run_id).version

# %% Task 2: version 2, with the depth of version 1
with mlflow.start_run(run_name="version 2"):
    logged = mlflow.sklearn.log_model(models[2], name="model", registered_model_name=model_name)
second = logged.registered_model_version
