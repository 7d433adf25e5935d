# Trains version 1 one level too deep; all that is said of it is true of that tree.
# base: accepted/client_api.py
# fails: register.first

# %% Task 1: version 1, one level deeper
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
client.create_registered_model(model_name)
models = {1: tree(depth_1 + 1), 2: tree(depth_2), 3: forest(trees)}
with mlflow.start_run(run_name="version 1") as run:
    logged = mlflow.sklearn.log_model(models[1], name="model")
first = client.create_model_version(model_name, source=logged.model_uri, run_id=run.info.run_id).version

# %% Task 7: champion and challenger, also if both are equally good
challenger, champion = sorted(scores, key=scores.get)
client.set_registered_model_alias(model_name, "champion", champion)
client.set_registered_model_alias(model_name, "challenger", challenger)
