# As guides have it: MLflow's client for webhooks, too, and jobs as JSON; a deployment is asked for as a request.

# %% Set-up
import os

root = dbutils.widgets.get("root")
host = os.environ["DATABRICKS_HOST"]
token = os.environ["DATABRICKS_TOKEN"]

model_name = dbutils.widgets.get("model_name")
label = dbutils.widgets.get("label")
train_rows = f"{root}/data/train.csv"
recent_rows = f"{root}/data/recent.csv"

# The jobs
train_job = dbutils.widgets.get("train_job")
train_notebook = dbutils.widgets.get("train_notebook")
runtime = dbutils.widgets.get("runtime")
node_type = dbutils.widgets.get("node_type")
workers = int(dbutils.widgets.get("workers"))
penalty = dbutils.widgets.get("penalty")
penalty_once = dbutils.widgets.get("penalty_once")
train_hour = int(dbutils.widgets.get("train_hour"))
train_minute = int(dbutils.widgets.get("train_minute"))
timezone = dbutils.widgets.get("timezone")
test_job = dbutils.widgets.get("test_job")
test_notebook = dbutils.widgets.get("test_notebook")
cluster_name = dbutils.widgets.get("cluster_name")
timeout_seconds = int(dbutils.widgets.get("timeout_seconds"))
score_key = dbutils.widgets.get("score_key")
deploy_job = dbutils.widgets.get("deploy_job")
deploy_notebook = dbutils.widgets.get("deploy_notebook")
run_key = dbutils.widgets.get("run_key")
redeploy_model = dbutils.widgets.get("redeploy_model")
redeploy_version = dbutils.widgets.get("redeploy_version")

# The webhooks
receiver_url = f"{host}/lab/receiver/{dbutils.widgets.get('receiver')}"
secret = dbutils.widgets.get("secret")
watched_model = dbutils.widgets.get("watched_model")
watched_event = dbutils.widgets.get("watched_event")
change_description = dbutils.widgets.get("change_description")
change_event = dbutils.widgets.get("change_event")
gone_host = dbutils.widgets.get("gone_host")

import base64
import json
import time
from urllib.parse import urlsplit

import requests
from mlflow.tracking import MlflowClient

client = MlflowClient()
headers = {"Authorization": f"Bearer {token}"}


def jobs(path, body):
    """What a POST to the Jobs API answers."""
    answer = requests.post(f"{host}/api/2.1/jobs/{path}", json=body, headers=headers)
    answer.raise_for_status()
    return answer.json()


def cluster(key, workers):
    return {
        "job_cluster_key": key,
        "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": workers},
    }


def write(path, text):
    """Import a notebook into the workspace."""
    folder = path.rpartition("/")[0]
    requests.post(f"{host}/api/2.0/workspace/mkdirs", json={"path": folder}, headers=headers).raise_for_status()
    content = base64.b64encode(text.encode()).decode()
    body = {"path": path, "format": "SOURCE", "language": "PYTHON", "content": content, "overwrite": True}
    requests.post(f"{host}/api/2.0/workspace/import", json=body, headers=headers).raise_for_status()


def ended(run_id):
    """A run, once it is over."""
    while True:
        told = requests.get(f"{host}/api/2.1/jobs/runs/get", params={"run_id": run_id}, headers=headers).json()
        if told["state"]["life_cycle_state"] in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR"):
            return told
        time.sleep(0.2)


# %% Task 1: the training job
train_settings = {
    "name": train_job,
    "tasks": [
        {
            "task_key": "train_model",
            "notebook_task": {"notebook_path": f"/Workspace{train_notebook}", "source": "WORKSPACE"},
            "job_cluster_key": "training_cluster",
        }
    ],
    "job_clusters": [cluster("training_cluster", workers)],
    "parameters": [
        {"name": "model_name", "default": model_name},
        {"name": "rows", "default": train_rows},
        {"name": "label", "default": label},
        {"name": "penalty", "default": penalty},
    ],
    "schedule": {
        "quartz_cron_expression": f"0 {train_minute} {train_hour} ? * *",
        "timezone_id": timezone,
        "pause_status": "UNPAUSED",
    },
}
training = jobs("create", train_settings)["job_id"]

# %% Task 2: train once
before = {version.version for version in client.search_model_versions(f"name = '{model_name}'")}
ended(jobs("run-now", {"job_id": training, "job_parameters": {"penalty": penalty_once}})["run_id"])
after = {version.version for version in client.search_model_versions(f"name = '{model_name}'")}
(trained_version,) = (int(number) for number in after - before)

# %% Task 3: the test notebook
write(
    test_notebook,
    """# Databricks notebook source
dbutils.widgets.text("event_message", "{}")
dbutils.widgets.text("rows", "")

# COMMAND ----------

import json
import os

import mlflow
import pandas as pd
import requests
from mlflow import MlflowClient

event = json.loads(dbutils.widgets.get("event_message"))
name, version = event["model_name"], event["version"]
rows = pd.read_csv(dbutils.widgets.get("rows"))
X, y = rows.iloc[:, :-1], rows.iloc[:, -1]
client = MlflowClient()
live = client.get_latest_versions(name, stages=["Production"])[0]

# COMMAND ----------

scores = {}
for number in (version, live.version):
    try:
        scores[number] = (mlflow.pyfunc.load_model(f"models:/{name}/{number}").predict(X) == y).mean()
        client.set_model_version_tag(name, number, dbutils.widgets.get("score_key"), scores[number])
    except Exception as error:
        scores[number] = -1.0
        print(f"version {number}: {error}")

# COMMAND ----------

if scores[version] > scores[live.version]:
    requests.post(
        os.environ["DATABRICKS_HOST"] + "/api/2.0/mlflow/transition-requests/create",
        json={"name": name, "version": version, "stage": "Production", "comment": "It has passed its test."},
        headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
    ).raise_for_status()
else:
    client.transition_model_version_stage(name, version, "Archived")
""",
)

# %% Task 5: the deployment, which grants requests
write(
    deploy_notebook,
    """# Databricks notebook source
import json
import os

import requests

for name in ("event_message", "model_name", "version"):
    dbutils.widgets.text(name, "")
event = json.loads(dbutils.widgets.get("event_message") or "{}")
version = {
    "name": event.get("model_name") or dbutils.widgets.get("model_name"),
    "version": event.get("version") or dbutils.widgets.get("version"),
}


def post(path, **fields):
    headers = {"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]}
    url = os.environ["DATABRICKS_HOST"] + "/api/2.0/mlflow/" + path
    requests.post(url, json={**version, **fields}, headers=headers).raise_for_status()


# COMMAND ----------

post("model-versions/set-tag", key=dbutils.widgets.get("run_key"), value=dbutils.widgets.get("run_id"))
if event:
    post("transition-requests/approve", stage="Production", archive_existing_versions=True)
else:
    post("databricks/model-versions/transition-stage", stage="Production", archive_existing_versions=True)
""",
)
deploy_settings = {
    "name": deploy_job,
    "tasks": [
        {
            "task_key": "deploy_model",
            "notebook_task": {
                "notebook_path": deploy_notebook,
                "base_parameters": {"run_key": run_key, "run_id": "{{job.run_id}}"},
            },
            "job_cluster_key": "deployment_cluster",
        }
    ],
    "job_clusters": [cluster("deployment_cluster", 1)],
}
deployment = jobs("create", deploy_settings)["job_id"]
client.create_webhook(
    name="Deploy-What-Has-Passed",
    events=["TRANSITION_REQUEST_CREATED"],
    job_spec={"job_id": str(deployment)},
    model_name=model_name,
    target_stage="Production",
)

# %% Task 4: the test job
listed = requests.get(f"{host}/api/2.1/clusters/list", headers=headers).json()["clusters"]
test_settings = {
    "name": test_job,
    "tasks": [
        {
            "task_key": "test_model",
            "notebook_task": {
                "notebook_path": test_notebook,
                "base_parameters": {"rows": recent_rows, "score_key": score_key},
            },
            "existing_cluster_id": next(c["cluster_id"] for c in listed if c["cluster_name"] == cluster_name),
        }
    ],
    "timeout_seconds": timeout_seconds,
}
testing = jobs("create", test_settings)["job_id"]

# %% Task 6: deploy once
ended(
    jobs(
        "run-now",
        {"job_id": deployment, "notebook_params": {"model_name": redeploy_model, "version": redeploy_version}},
    )["run_id"]
)

# %% Task 7: the webhook that tests
staging_webhook = client.create_webhook(
    name="Trigger-Test-Job-On-Staging",
    events=["MODEL_VERSION_TRANSITIONED_STAGE"],
    job_spec={"job_id": str(testing), "workspace_url": host},
    model_name=model_name,
    target_stage="Staging",
)

# %% Task 8: the webhook that tells
production_webhook = client.create_webhook(
    name="Notify-On-Production",
    events=["MODEL_VERSION_TRANSITIONED_STAGE"],
    http_url_spec={"url": receiver_url, "secret": secret},
    model_name=model_name,
    target_stage="Production",
)

# %% Task 9: a test of it
test_reply = client.test_webhook(production_webhook.id).response_body

# %% Task 10: webhooks listed
watching = []
for webhook in client.list_webhooks():
    print(f"ID: {webhook.id}, Name: {webhook.name}, Events: {webhook.events}")
    if webhook.model_name == watched_model and watched_event in webhook.events:
        watching.append(webhook.id)

# %% Task 11: a webhook changed
for webhook in client.list_webhooks():
    if webhook.description == change_description:
        client.update_webhook(webhook.id, events=webhook.events + [change_event], status="ACTIVE")

# %% Task 12: webhooks deleted
for webhook in client.list_webhooks():
    if urlsplit(getattr(webhook, "http_url_spec", {}).get("url", "")).netloc == gone_host:
        client.delete_webhook(webhook_id=webhook.id)
