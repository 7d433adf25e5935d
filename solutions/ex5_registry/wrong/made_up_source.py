# Registers versions from sources that do not exist; no model was ever logged.
# base: accepted/client_api.py
# fails: register.first register.second register.third register.versions register.lineage describe.version
# fails: describe.score
# fails: stages.first stages.second stages.archived aliases.champion aliases.challenger aliases.promoted

# %% Task 1: version 1, from nowhere
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

client = MlflowClient()
client.create_registered_model(model_name)
models = {1: tree(depth_1), 2: tree(depth_2), 3: forest(trees)}
with mlflow.start_run(run_name="version 1") as run:
    mlflow.log_param("max_depth", depth_1)
nowhere = f"{run.info.artifact_uri}/model"
first = client.create_model_version(model_name, source=nowhere, run_id=run.info.run_id).version

# %% Task 2: version 2, from nowhere
second = client.create_model_version(model_name, source=nowhere, run_id=run.info.run_id).version

# %% Task 8: version 3, from nowhere
third = client.create_model_version(model_name, source=nowhere, run_id=run.info.run_id).version
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", third)
