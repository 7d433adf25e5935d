# Hands a number that was typed in to the test.
# base: accepted/rest_interface.py
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted chain.deployed chain.tested

# %% Task 3: a test of the version that the job names
write(
    test_notebook,
    """# Databricks notebook source
import json
import os

import mlflow.pyfunc
import pandas as pd
import requests

event = json.loads(dbutils.widgets.get("event_message"))
name, version = event["model_name"], dbutils.widgets.get("version")
label = dbutils.widgets.get("label")
rows = pd.read_csv(dbutils.widgets.get("rows"))


def post(path, **fields):
    headers = {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}
    requests.post(os.environ["DATABRICKS_HOST"] + "/api/" + path, json=fields, headers=headers).raise_for_status()


def accuracy(uri):
    predicted = mlflow.pyfunc.load_model(uri).predict(rows.drop(columns=label))
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

# %% Task 4: the test job, with a version
clusters = {each["cluster_name"]: each["cluster_id"] for each in call("GET", "2.0/clusters/list")["clusters"]}
parameters = {
    "rows": recent_rows,
    "label": label,
    "score_key": score_key,
    "deploy_job_id": str(deployment),
    "version": "1",
}
testing = call(
    "POST",
    "2.2/jobs/create",
    name=test_job,
    tasks=[
        {
            "task_key": "test",
            "notebook_task": {"notebook_path": test_notebook, "base_parameters": parameters},
            "existing_cluster_id": clusters[cluster_name],
            "timeout_seconds": timeout_seconds,
        }
    ],
)["job_id"]
