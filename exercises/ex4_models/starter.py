# Databricks exercise 4: MLflow flavors and custom models. The tasks are in the brief: `grade show ex4`.

# %% Set-up: leave this cell as it is
import mlflow
import pandas as pd
from sklearn.linear_model import Ridge

root = dbutils.widgets.get("root")
random_state = int(dbutils.widgets.get("random_state"))
n_estimators = int(dbutils.widgets.get("n_estimators"))
max_depth = int(dbutils.widgets.get("max_depth"))
alpha = float(dbutils.widgets.get("alpha"))
native_run = dbutils.widgets.get("native_run")
colleague_model = dbutils.widgets.get("colleague_model")
custom_run = dbutils.widgets.get("custom_run")
artifact_run = dbutils.widgets.get("artifact_run")
params_run = dbutils.widgets.get("params_run")
param_name = dbutils.widgets.get("param_name")
param_default = float(dbutils.widgets.get("param_default"))
code_run = dbutils.widgets.get("code_run")
packed_run = dbutils.widgets.get("packed_run")
packages = dbutils.widgets.get("packages").split(",")
key = dbutils.widgets.get("key")

train = pd.read_parquet(f"{root}/data/train.parquet")
test = pd.read_parquet(f"{root}/data/test.parquet")
X_train, y_train = train.drop(columns="progression"), train["progression"]
X_test, y_test = test.drop(columns="progression"), test["progression"]
base = Ridge(alpha=alpha).fit(X_train, y_train)

# %% Task 1: a forest, logged with its native flavor


# %% Task 2: native_predictions and pyfunc_predictions


# %% Task 3: colleague_predictions


# %% Task 4: a model with preprocessing of its own


# %% Task 5: a model that brings a file


# %% Task 6: a model that takes a param


# %% Task 7: a model that brings its code


# %% Task 8: a model with pinned requirements


# %% Task 9: score the table patients with Spark

