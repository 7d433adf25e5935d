# Sets the tag of the version by hand; the deployment sets none.
# base: accepted/rest_interface.py
# fails: runs.reference

# %% Task 5: a deployment that sets no tag
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


post("databricks/model-versions/transition-stage", stage="Production", archive_existing_versions=True)
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
                "base_parameters": {},
            },
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": 0},
        }
    ],
)["job_id"]

# %% Task 6: a tag by hand
started = call(
    "POST",
    "2.2/jobs/run-now",
    job_id=deployment,
    notebook_params={"model_name": redeploy_model, "version": redeploy_version},
)["run_id"]
ended(started)
call(
    "POST",
    "2.0/mlflow/model-versions/set-tag",
    name=redeploy_model,
    version=redeploy_version,
    key=run_key,
    value=str(started),
)

# %% Task 3: the test notebook
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

# %% Task 7: the webhook that tests
hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(testing), "access_token": token},
)
