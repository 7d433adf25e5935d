# Loads versions with the flavor of scikit-learn, which those that arrive do not have, and archives them all.
# base: accepted/rest_interface.py
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted chain.deployed chain.tested

# %% Task 3: a test that loads none
write(
    test_notebook,
    """# Databricks notebook source
import json
import os

import mlflow.sklearn
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
    predicted = mlflow.sklearn.load_model(uri).predict(rows.drop(columns=label))
    return float((predicted == rows[label]).mean())


# COMMAND ----------

try:
    score = accuracy(f"models:/{name}/{version}")
    better = score > accuracy(f"models:/{name}/Production")
except Exception as error:
    print("it can't predict:", error)
    score, better = None, False

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
