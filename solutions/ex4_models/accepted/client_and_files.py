# Runs by MlflowClient, models saved to a folder and logged as artifacts, their code in files; autolog for the forest.
# fails: nothing

# %% Set-up: an experiment of its own
import importlib.metadata
import json
import pickle
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from pyspark.sql import functions as F
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

widget = dbutils.widgets.get
root = Path(widget("root"))
alpha = float(widget("alpha"))
train, test = (pd.read_parquet(root / "data" / f"{name}.parquet") for name in ("train", "test"))
y_train, y_test = train.pop("progression"), test.pop("progression")
features = list(train)
base = Ridge(alpha=alpha).fit(train, y_train)

client = MlflowClient()
experiment = client.create_experiment("/Shared/forecast")
plain = ModelSignature(
    inputs=Schema([ColSpec("double", name) for name in features]), outputs=Schema([ColSpec("double", "points")])
)
files = Path(tempfile.mkdtemp())


def saved(run_name, **model):
    """Save a python_function model, and log its folder to a run that is begun and ended here."""
    run = client.create_run(experiment, run_name=run_name)
    folder = files / run_name
    mlflow.pyfunc.save_model(folder, **model)
    client.log_artifacts(run.info.run_id, str(folder), "packed/model")
    client.set_terminated(run.info.run_id)
    return f"runs:/{run.info.run_id}/packed/model"


def written(name, text):
    (files / name).write_text(text)
    return str(files / name)


# %% Task 1: the forest, logged by autolog
mlflow.sklearn.autolog(log_datasets=False)
with mlflow.start_run(experiment_id=experiment, run_name=widget("native_run")) as run:
    forest = RandomForestRegressor(
        int(widget("n_estimators")), max_depth=int(widget("max_depth")), random_state=int(widget("random_state"))
    )
    forest.fit(train, y_train)
mlflow.sklearn.autolog(disable=True)
forest_uri = f"runs:/{run.info.run_id}/model"

# %% Task 2: both flavors, from a local copy
copy = mlflow.artifacts.download_artifacts(forest_uri)
native_predictions = mlflow.sklearn.load_model(copy).predict(test).tolist()
pyfunc_predictions = pd.Series(mlflow.pyfunc.load_model(copy).predict(test), index=test.index)

# %% Task 3: the colleague's model by its source
name, version = widget("colleague_model").removeprefix("models:/").split("/")
colleague = mlflow.pyfunc.load_model(client.get_model_version_download_uri(name, version))
colleague_predictions = colleague.predict(test)

# %% Task 4: a model from code; all its figures are in its configuration
code = """
import mlflow
import pandas as pd


class Standardised(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.figures = pd.DataFrame(context.model_config["figures"])
        self.intercept = context.model_config["intercept"]

    def predict(self, context, model_input):
        standardised = (model_input - self.figures["mean"]) / self.figures["deviation"]
        return (standardised * self.figures["weight"]).sum(axis=1) + self.intercept


mlflow.models.set_model(Standardised())
"""
scaler = StandardScaler().fit(train)
ridge = Ridge(alpha=alpha).fit(scaler.transform(train), y_train)
figures = {
    label: dict(zip(features, map(float, values)))
    for label, values in (("mean", scaler.mean_), ("deviation", scaler.scale_), ("weight", ridge.coef_))
}
saved(
    widget("custom_run"),
    python_model=written("standardised.py", code),
    model_config={"figures": figures, "intercept": float(ridge.intercept_)},
    signature=plain,
)

# %% Task 5: a model from code with two artifacts, of which one is the ridge
code = """
import json
import pickle

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Corrected(PythonModel):
    def load_context(self, context):
        with open(context.artifacts["ridge"], "rb") as file:
            self.ridge = pickle.load(file)
        with open(context.artifacts["by decade"]) as file:
            self.offsets = {int(decade): points for decade, points in json.load(file).items()}

    def predict(self, context, model_input, params=None):
        points = [self.offsets[int(age) // 10 * 10] for age in model_input["age"]]
        return (self.ridge.predict(model_input) + points).tolist()


set_model(Corrected())
"""
(files / "ridge.pickle").write_bytes(pickle.dumps(base))
saved(
    widget("artifact_run"),
    python_model=written("corrected.py", code),
    artifacts={"ridge": str(files / "ridge.pickle"), "by decade": (root / "reference" / "offsets.json").as_uri()},
    signature=plain,
)


# %% Task 6: the param in a schema of its own, the model without the argument context
class Multiplied(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: pd.DataFrame, params: dict | None = None):
        (factor,) = params.values()
        return pd.DataFrame({"points": base.predict(model_input) * factor})


signature = ModelSignature(
    plain.inputs,
    plain.outputs,
    ParamSchema([ParamSpec(widget("param_name"), "double", float(widget("param_default")))]),
)
saved(widget("params_run"), python_model=Multiplied(), signature=signature)

# %% Task 7: a loader module and a file of data instead of a class
code = """
import json

from ward_rules import surcharge


class Surcharged:
    def __init__(self, weights, intercept):
        self.weights, self.intercept = weights, intercept

    def predict(self, frame):
        return sum(frame[name] * weight for name, weight in self.weights.items()) + self.intercept + surcharge(frame)


def _load_pyfunc(path):
    with open(path) as file:
        return Surcharged(**json.load(file))
"""
weights = {"weights": dict(zip(features, base.coef_.tolist())), "intercept": float(base.intercept_)}
saved(
    widget("code_run"),
    loader_module="ward_model",
    data_path=written("weights.json", json.dumps(weights)),
    code_paths=[written("ward_model.py", code), str(root / "src" / "ward_rules.py")],
    signature=plain,
)

# %% Task 8: a conda environment with the packages
pinned = [f"{name}=={importlib.metadata.version(name)}" for name in widget("packages").split(",")]
run = client.create_run(experiment, run_name=widget("packed_run"))
environment = {"name": "forecast", "channels": ["conda-forge"], "dependencies": ["python=3.11", "pip", {"pip": pinned}]}
mlflow.sklearn.save_model(forest, files / "packed", signature=plain, conda_env=environment)
client.log_artifacts(run.info.run_id, str(files / "packed"), "model")
client.set_terminated(run.info.run_id)

# %% Task 9: the features as a struct, over whatever may be there
forecast = mlflow.pyfunc.spark_udf(spark, forest_uri, result_type="double", env_manager="local")
patients = spark.read.load(str(root / "tables" / "patients"), format="delta")
patients.select("*", forecast(F.struct(*features)).alias("prediction")).write.save(
    str(root / "tables" / "scored"), format="delta", mode="overwrite"
)
