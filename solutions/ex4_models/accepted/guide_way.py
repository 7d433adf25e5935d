# Databricks notebook source
# The guide's way, with what it got wrong put right, in Databricks' own format; the scoring in SQL.
# fails: nothing

# COMMAND ----------

# MAGIC %md
# MAGIC # Flavors and custom models
# MAGIC A forest with its native flavor, then models of one's own.

# COMMAND ----------

import importlib.metadata
import sys

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models.signature import infer_signature
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge

root = dbutils.widgets.get("root")
alpha = float(dbutils.widgets.get("alpha"))
mlflow.set_experiment("/Users/me@example.com/flavors")

train = spark.read.parquet(f"{root}/data/train.parquet").toPandas()
test = spark.read.parquet(f"{root}/data/test.parquet").toPandas()
X_train, y_train = train.drop("progression", axis=1), train["progression"]
X_test, y_test = test.drop("progression", axis=1), test["progression"]
base = Ridge(alpha=alpha)
base.fit(X_train, y_train)

# COMMAND ----------

# MAGIC %md ## Task 1: log with the sklearn flavor

# COMMAND ----------

model = RandomForestRegressor(
    n_estimators=int(dbutils.widgets.get("n_estimators")),
    max_depth=int(dbutils.widgets.get("max_depth")),
    random_state=int(dbutils.widgets.get("random_state")),
)
model.fit(X_train, y_train)

with mlflow.start_run(run_name=dbutils.widgets.get("native_run")) as run:
    signature = infer_signature(X_train, model.predict(X_train))
    mlflow.sklearn.log_model(model, "sklearn_model", signature=signature)
    model_uri = f"runs:/{run.info.run_id}/sklearn_model"

# COMMAND ----------

# MAGIC %md ## Task 2: load the model

# COMMAND ----------

loaded_model = mlflow.sklearn.load_model(model_uri)
native_predictions = loaded_model.predict(X_test)
pyfunc_predictions = mlflow.pyfunc.load_model(model_uri).predict(X_test)

# COMMAND ----------

# Task 3: the model of a colleague
colleague_predictions = mlflow.pyfunc.load_model(dbutils.widgets.get("colleague_model")).predict(X_test)

# COMMAND ----------

# MAGIC %md ## Task 4: a custom model with preprocessing

# COMMAND ----------


class CustomModel(mlflow.pyfunc.PythonModel):
    def __init__(self, model, mean, std):
        self.model = model
        self.mean = mean
        self.std = std

    def predict(self, context, model_input):
        # Add preprocessing logic
        if isinstance(model_input, pd.DataFrame):
            # Scale numeric features
            model_input = model_input.copy()
            numeric_cols = model_input.select_dtypes(include=[np.number]).columns
            model_input[numeric_cols] = model_input[numeric_cols] - self.mean[numeric_cols]
            model_input[numeric_cols] = model_input[numeric_cols] / self.std[numeric_cols]

        # Return predictions
        return self.model.predict(model_input)


mean, std = X_train.mean(), X_train.std()
ridge = Ridge(alpha=alpha).fit((X_train - mean) / std, y_train)
custom_model = CustomModel(ridge, mean, std)
with mlflow.start_run(run_name=dbutils.widgets.get("custom_run")) as run:
    # Define the model signature
    signature = infer_signature(X_train, custom_model.predict(None, X_train))

    # Provide an input example
    input_example = X_train[0:5]

    # Log the model with all metadata
    mlflow.pyfunc.log_model(
        "custom_model",
        python_model=custom_model,
        signature=signature,
        input_example=input_example,
    )
    custom_model_uri = f"runs:/{run.info.run_id}/custom_model"

# Load and use the custom model
loaded_custom_model = mlflow.pyfunc.load_model(custom_model_uri)
custom_predictions = loaded_custom_model.predict(X_test)

# COMMAND ----------

# MAGIC %md ## Task 5: a model with an artifact, read when it is first asked

# COMMAND ----------


class ModelWithOffsets(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input):
        offsets = pd.read_json(context.artifacts["offsets.json"], typ="series", convert_axes=False)
        decade = model_input["age"].floordiv(10).mul(10).astype("int64").astype(str)
        return pd.Series(self.model.predict(model_input), index=model_input.index) + decade.map(offsets)


with mlflow.start_run(run_name=dbutils.widgets.get("artifact_run")):
    mlflow.pyfunc.log_model(
        "model_with_offsets",
        python_model=ModelWithOffsets(base),
        artifacts={"offsets.json": f"{root}/reference/offsets.json"},
        signature=infer_signature(X_train, base.predict(X_train)),
    )

# COMMAND ----------

# MAGIC %md ## Task 6: a model with a param

# COMMAND ----------

param_name = dbutils.widgets.get("param_name")
param_default = float(dbutils.widgets.get("param_default"))


class ModelWithParam(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input, params=None):
        factor = (params or {}).get(param_name, param_default)
        return self.model.predict(model_input) * factor


with mlflow.start_run(run_name=dbutils.widgets.get("params_run")):
    mlflow.pyfunc.log_model(
        "model_with_param",
        python_model=ModelWithParam(base),
        signature=infer_signature(X_train, base.predict(X_train), {param_name: param_default}),
        input_example=(X_train[0:5], {param_name: param_default}),
    )

# COMMAND ----------

# MAGIC %md ## Task 7: a model with code, the folder as a package

# COMMAND ----------

sys.path.append(root)
from src.ward_rules import surcharge


class ModelWithCode(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input):
        return self.model.predict(model_input) + surcharge(model_input)


with mlflow.start_run(run_name=dbutils.widgets.get("code_run")):
    mlflow.pyfunc.log_model(
        "model_with_code",
        python_model=ModelWithCode(base),
        code_paths=[f"{root}/src"],
        signature=infer_signature(X_train, base.predict(X_train)),
    )

# COMMAND ----------

# MAGIC %md ## Task 8: a model with requirements

# COMMAND ----------

packages = dbutils.widgets.get("packages").split(",")
with mlflow.start_run(run_name=dbutils.widgets.get("packed_run")):
    mlflow.sklearn.log_model(
        model,
        "sklearn_model",
        pip_requirements=[f"{package}=={importlib.metadata.version(package)}" for package in packages],
        input_example=X_train[0:5],
    )

# COMMAND ----------

# MAGIC %md ## Task 9: score the patients

# COMMAND ----------

spark.udf.register("forecast", mlflow.pyfunc.spark_udf(spark, model_uri, result_type="double"))

# COMMAND ----------

# MAGIC %sql
# MAGIC CREATE TABLE delta.`${root}/tables/scored` USING delta AS
# MAGIC SELECT *, forecast(age, sex, bmi, bp, s1, s2, s3, s4, s5, s6) AS prediction
# MAGIC FROM delta.`${root}/tables/patients`

# COMMAND ----------

display(spark.read.load(f"{root}/tables/scored"))
