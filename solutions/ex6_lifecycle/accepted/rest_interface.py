# Everything through the REST interface, by requests; the notebooks are files.

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

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests

session = requests.Session()
session.headers["Authorization"] = f"Bearer {token}"


def call(method, path, **fields):
    """What the workspace answers."""
    how = {"params": fields} if method == "GET" else {"json": fields}
    answer = session.request(method, f"{host}/api/{path}", **how)
    if not answer.ok:
        raise RuntimeError(answer.text)
    return answer.json()


def hooks(method, name, **fields):
    return call(method, f"2.0/mlflow/registry-webhooks/{name}", **fields)


def write(path, text):
    """Put a notebook into the workspace."""
    file = Path(f"{root}/Workspace{path}.py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def ended(run_id):
    """A run, once it is over."""
    while True:
        run = call("GET", "2.2/jobs/runs/get", run_id=run_id)
        if run["status"]["state"] == "TERMINATED":
            return run
        time.sleep(0.2)


# %% Task 1: the training job
training = call(
    "POST",
    "2.2/jobs/create",
    name=train_job,
    tasks=[
        {
            "task_key": "train",
            "notebook_task": {
                "notebook_path": train_notebook,
                "base_parameters": {
                    "model_name": model_name,
                    "rows": train_rows,
                    "label": label,
                    "penalty": penalty,
                },
            },
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": workers},
        }
    ],
    schedule={"quartz_cron_expression": f"0 {train_minute} {train_hour} * * ?", "timezone_id": timezone},
)["job_id"]

# %% Task 2: train once
started = call("POST", "2.2/jobs/run-now", job_id=training, notebook_params={"penalty": penalty_once})["run_id"]
output = call("GET", "2.2/jobs/runs/get-output", run_id=ended(started)["tasks"][0]["run_id"])
trained_version = json.loads(output["notebook_output"]["result"])["version"]

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

# %% Task 5: the deployment
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
                "base_parameters": {"run_key": run_key, "run_id": "{{job.run_id}}"},
            },
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": 0},
        }
    ],
)["job_id"]

# %% Task 4: the test job
clusters = {each["cluster_name"]: each["cluster_id"] for each in call("GET", "2.0/clusters/list")["clusters"]}
parameters = {"rows": recent_rows, "label": label, "score_key": score_key, "deploy_job_id": str(deployment)}
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

# %% Task 6: deploy once
started = call(
    "POST",
    "2.2/jobs/run-now",
    job_id=deployment,
    notebook_params={"model_name": redeploy_model, "version": redeploy_version},
)["run_id"]
ended(started)

# %% Task 7: the webhook that tests
hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(testing), "access_token": token},
)

# %% Task 8: the webhook that tells
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]

# %% Task 9: a test of it
test_reply = hooks("POST", "test", id=telling)["body"]

# %% Task 10: webhooks listed
listed = hooks("GET", "list", model_name=watched_model, events=watched_event)
watching = [hook["id"] for hook in listed["webhooks"]]

# %% Task 11: a webhook changed
for hook in hooks("GET", "list")["webhooks"]:
    if hook.get("description") == change_description:
        hooks("PATCH", "update", id=hook["id"], status="ACTIVE", events=[*hook["events"], change_event])

# %% Task 12: webhooks deleted
for hook in hooks("GET", "list")["webhooks"]:
    if urlsplit(hook.get("http_url_spec", {}).get("url", "")).hostname == gone_host:
        hooks("DELETE", "delete", id=hook["id"])
