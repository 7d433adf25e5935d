# Keeps a model of its own in a store of its own; what is there already is worked on in the lab's.
# base: accepted/client_api.py
# fails: register.first register.second register.third register.versions register.lineage describe.model describe.tag
# fails: describe.version describe.score stages.first stages.second stages.archived aliases.champion
# fails: aliases.challenger aliases.promoted

# %% Task 1: version 1, in another store
import mlflow
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score

mlflow.set_tracking_uri("sqlite:////tmp/mine.db")
mlflow.set_experiment(experiment_id=mlflow.create_experiment("mine", artifact_location="/tmp/artifacts"))
client = MlflowClient()
client.create_registered_model(model_name)
models = {1: tree(depth_1), 2: tree(depth_2), 3: forest(trees)}
with mlflow.start_run(run_name="version 1") as run:
    logged = mlflow.sklearn.log_model(models[1], name="model")
first = client.create_model_version(model_name, source=logged.model_uri, run_id=run.info.run_id).version

# %% Task 9: by number, from the lab's store
mlflow.set_tracking_uri(f"sqlite:///{root}/mlflow.db")
client = MlflowClient()
by_version = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_version}").predict(X_test)
