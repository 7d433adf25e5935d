# Takes the accuracy that the run claims for a test.
# base: accepted/rest_interface.py
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted

# %% Task 3: a test that measures nothing
write(
    test_notebook,
    """# Databricks notebook source
import json
import os

import mlflow.pyfunc
import pandas as pd
import requests

event = json.loads(dbutils.widgets.get("event_message"))
name, version = event["model_name"], event["version"]
label = dbutils.widgets.get("label")
rows = pd.read_csv(dbutils.widgets.get("rows"))


def post(path, **fields):
    headers = {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}
    requests.post(os.environ["DATABRICKS_HOST"] + "/api/" + path, json=fields, headers=headers).raise_for_status()


def accuracy(uri):
    predicted = mlflow.pyfunc.load_model(uri).predict(rows.drop(columns=label))
    return float((predicted == rows[label]).mean())


# COMMAND ----------

from mlflow import MlflowClient

run = MlflowClient().get_run(MlflowClient().get_model_version(name, version).run_id)
score = run.data.metrics["accuracy"]
better = score > 0.915

# COMMAND ----------

if score is not None:
    key = dbutils.widgets.get("score_key")
    post("2.0/mlflow/model-versions/set-tag", name=name, version=version, key=key, value=f"{score:.3f}")
if better:
    job = dbutils.widgets.get("deploy_job_id")
    post("2.2/jobs/run-now", job_id=job, notebook_params={"model_name": name, "version": version})
else:
    post(
        "2.0/mlflow/databricks/model-versions/transition-stage",
        name=name,
        version=version,
        stage="Archived",
        archive_existing_versions=False,
    )
""",
)

# %% Task 7: the webhook that tests
hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(testing), "access_token": token},
)
