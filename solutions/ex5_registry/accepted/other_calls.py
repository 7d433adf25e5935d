# Other calls and types: a wrapped model, autologging, a pipeline, Series and arrays, a copy made twice.
# base: accepted/client_api.py
# fails: nothing

# %% Task 1: a wrapper, registered by the client from runs:/
import mlflow
import numpy as np
from mlflow import MlflowClient
from sklearn.metrics import accuracy_score
from sklearn.pipeline import make_pipeline

client = MlflowClient()
client.create_registered_model(model_name, tags={tag_key: tag_value})
models = {1: tree(depth_1), 2: tree(depth_2), 3: forest(trees)}


class Wrapped(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"prediction": self.model.predict(model_input)})


with mlflow.start_run(run_name="outer"), mlflow.start_run(run_name="version 1", nested=True) as run:
    mlflow.pyfunc.log_model(name="model", python_model=Wrapped(models[1]), input_example=X_train.head(2))
first = client.create_model_version(model_name, source=f"runs:/{run.info.run_id}/model", run_id=run.info.run_id).version

# %% Task 2: autologged
mlflow.sklearn.autolog(registered_model_name=model_name)
with mlflow.start_run(run_name="version 2") as run:
    make_pipeline("passthrough", DecisionTreeClassifier(max_depth=depth_2, random_state=random_state)).fit(
        X_train.to_numpy(), y_train
    )
mlflow.sklearn.autolog(disable=True)
second = "2"

# %% Task 8
before = client.get_model_version_by_alias(model_name, "champion").version
with mlflow.start_run(run_name="version 3"):
    model = RandomForestClassifier(n_estimators=trees, random_state=random_state, n_jobs=2).fit(X_train, y_train)
    logged = mlflow.sklearn.log_model(
        model, "model", signature=mlflow.models.infer_signature(X_train, model.predict(X_train))
    )
third = mlflow.register_model(f"models:/{logged.model_id}", model_name)
client.set_registered_model_alias(model_name, "champion", third.version)
client.set_registered_model_alias(model_name, fallback_alias, before)

# %% Task 9
by_version = np.asarray(mlflow.pyfunc.load_model(f"models:/{load_model}/{load_version}").predict(X_test), dtype=float)

# %% Task 10
by_stage = list(map(int, mlflow.pyfunc.load_model(f"models:/{load_model}/{load_stage}").predict(X_test)))

# %% Task 11
by_alias = mlflow.pyfunc.load_model(f"models:/{load_model}@{load_alias}").predict(X_test).astype(bool)

# %% Task 12
latest_version = np.max([int(v.version) for v in client.search_model_versions(f"name = '{latest_model}'")])

# %% Task 13
found = client.search_model_versions(f"name = '{search_model}' and tags.`{search_key}` = '{search_value}'")
tagged_versions = pd.Index([v.version for v in found])

# %% Task 18
client.copy_model_version(f"models:/{load_model}/{release_version}", release_model)
client.copy_model_version(f"models:/{load_model}/{release_version}", release_model)
