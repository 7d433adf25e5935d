# Hands over the id of the task's run in place of the job's run's.
# base: accepted/rest_interface.py
# fails: runs.reference

# %% Task 5: a deployment that tells its task's run
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
                "base_parameters": {"run_key": run_key, "run_id": "{{task.run_id}}"},
            },
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": 0},
        }
    ],
)["job_id"]
