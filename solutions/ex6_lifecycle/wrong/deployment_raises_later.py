# Its deployment looks up a run parameter that only the run by hand has, so the deployments of the chain fail.
# base: accepted/rest_interface.py
# fails: chain.promoted chain.equal chain.deployed chain.tested

# %% Task 5: a deployment that fails in the chain
write(
    deploy_notebook,
    """# Databricks notebook source
import os

import requests

name, version = dbutils.widgets.get("model_name"), dbutils.widgets.get("version")
print(dbutils.widgets.get("reason"))


def post(path, **fields):
    headers = {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}
    url = os.environ["DATABRICKS_HOST"] + "/api/2.0/mlflow/" + path
    requests.post(url, json={"name": name, "version": version, **fields}, headers=headers).raise_for_status()


key, run = dbutils.widgets.get("run_key"), dbutils.widgets.get("run_id")
post("model-versions/set-tag", key=key, value=run)
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
                "base_parameters": {"run_key": run_key, "run_id": "{{job.run_id}}"},
            },
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": 0},
        }
    ],
)["job_id"]

# %% Task 6: a run with one parameter more
started = call(
    "POST",
    "2.2/jobs/run-now",
    job_id=deployment,
    notebook_params={"model_name": redeploy_model, "version": redeploy_version, "reason": "a trial"},
)["run_id"]
ended(started)
