# Promotes each version beside the others and measures none.
# base: accepted/rest_interface.py
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted chain.archived

# %% Task 3: no test at all
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

score, better = None, True

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

# %% Task 5: a deployment that archives nothing
write(
    deploy_notebook,
    """# Databricks notebook source
import os

import requests

name, version = dbutils.widgets.get("model_name"), dbutils.widgets.get("version")


def post(path, **fields):
    headers = {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}
    url = os.environ["DATABRICKS_HOST"] + "/api/2.0/mlflow/" + path
    requests.post(url, json={"name": name, "version": version, **fields}, headers=headers).raise_for_status()


key, run = dbutils.widgets.get("run_key"), dbutils.widgets.get("run_id")
post("model-versions/set-tag", key=key, value=run)
post("databricks/model-versions/transition-stage", stage="Production", archive_existing_versions=False)
""",
)
deployment = call(
    "POST",
    "2.2/jobs/create",
    name=deploy_job,
    tasks=[
        {
            "task_key": "deploy",
            "notebook_task": {
                "notebook_path": deploy_notebook,
                "base_parameters": {"run_key": run_key, "run_id": "{{job.run_id}}"},
            },
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": 0},
        }
    ],
)["job_id"]
