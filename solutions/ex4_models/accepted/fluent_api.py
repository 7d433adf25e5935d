# The fluent API throughout, one class a task.
# fails: nothing

# %% Set-up
import importlib.metadata
import json
import sys

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge


def widget(name):
    return dbutils.widgets.get(name)


root = widget("root")
alpha = float(widget("alpha"))
train = pd.read_parquet(f"{root}/data/train.parquet")
test = pd.read_parquet(f"{root}/data/test.parquet")
X_train, y_train = train.drop(columns="progression"), train["progression"]
X_test, y_test = test.drop(columns="progression"), test["progression"]
base = Ridge(alpha=alpha).fit(X_train, y_train)
plain = infer_signature(X_train, base.predict(X_train))

# %% Task 1: a forest, logged with its native flavor
forest = RandomForestRegressor(
    n_estimators=int(widget("n_estimators")),
    max_depth=int(widget("max_depth")),
    random_state=int(widget("random_state")),
).fit(X_train, y_train)
with mlflow.start_run(run_name=widget("native_run")):
    native = mlflow.sklearn.log_model(forest, name="forest", signature=plain)

# %% Task 2: native_predictions and pyfunc_predictions
native_predictions = mlflow.sklearn.load_model(native.model_uri).predict(X_test)
pyfunc_predictions = mlflow.pyfunc.load_model(native.model_uri).predict(X_test)

# %% Task 3: colleague_predictions
colleague_predictions = mlflow.pyfunc.load_model(widget("colleague_model")).predict(X_test)


# %% Task 4: a model with preprocessing of its own
class Standardised(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean(), X.std(ddof=0)
        self.ridge = Ridge(alpha=alpha).fit(self.scale(X), y)

    def scale(self, X):
        return (X - self.mean) / self.deviation

    def predict(self, context, model_input, params=None):
        return self.ridge.predict(self.scale(model_input))


with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(
        name="standardised",
        python_model=Standardised(X_train, y_train),
        signature=plain,
        input_example=X_train.head(3),
    )


# %% Task 5: a model that brings a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def load_context(self, context):
        with open(context.artifacts["offsets"]) as file:
            self.offsets = json.load(file)

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] // 10 * 10).astype(int).astype(str)
        return self.base.predict(model_input) + decades.map(self.offsets).to_numpy()


with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.pyfunc.log_model(
        name="corrected",
        python_model=Corrected(base),
        artifacts={"offsets": f"{root}/reference/offsets.json"},
        signature=plain,
    )

# %% Task 6: a model that takes a param
param_name = widget("param_name")


class Multiplied(mlflow.pyfunc.PythonModel):
    def __init__(self, base, name):
        self.base, self.name = base, name

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) * params[self.name]


with mlflow.start_run(run_name=widget("params_run")):
    mlflow.pyfunc.log_model(
        name="multiplied",
        python_model=Multiplied(base, param_name),
        signature=infer_signature(
            X_train, base.predict(X_train), params={param_name: float(widget("param_default"))}
        ),
    )

# %% Task 7: a model that brings its code
sys.path.insert(0, f"{root}/src")
from ward_rules import surcharge


class Surcharged(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) + surcharge(model_input).to_numpy()


with mlflow.start_run(run_name=widget("code_run")):
    mlflow.pyfunc.log_model(
        name="surcharged",
        python_model=Surcharged(base),
        code_paths=[f"{root}/src/ward_rules.py"],
        signature=plain,
    )

# %% Task 8: a model with pinned requirements
with mlflow.start_run(run_name=widget("packed_run")):
    mlflow.sklearn.log_model(
        forest,
        name="forest",
        signature=plain,
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in widget("packages").split(",")],
    )

# %% Task 9: score the table patients with Spark
predict = mlflow.pyfunc.spark_udf(spark, native.model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients")
scored = patients.withColumn("prediction", predict(*X_train.columns))
scored.write.format("delta").save(f"{root}/tables/scored")
