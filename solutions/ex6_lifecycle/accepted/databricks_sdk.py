# Everything through databricks-sdk; the test requests a promotion, and a webhook on the request starts the deployment.

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

from datetime import timedelta
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.service import compute, jobs, ml

w = WorkspaceClient()
machine = {"spark_version": runtime, "node_type_id": node_type}


def write(path, text):
    """Put a notebook into the workspace."""
    file = Path(f"{root}/Workspace{path}.py")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


# %% Task 1: the training job
training = w.jobs.create(
    name=train_job,
    tasks=[
        jobs.Task(
            task_key="train",
            job_cluster_key="training",
            notebook_task=jobs.NotebookTask(
                notebook_path=train_notebook,
                base_parameters={"model_name": model_name, "rows": train_rows, "label": label, "penalty": penalty},
            ),
        )
    ],
    job_clusters=[
        jobs.JobCluster(job_cluster_key="training", new_cluster=compute.ClusterSpec(num_workers=workers, **machine))
    ],
    schedule=jobs.CronSchedule(quartz_cron_expression=f"0 {train_minute} {train_hour} * * ?", timezone_id=timezone),
)

# %% Task 2: train once
import json

run = w.jobs.run_now(training.job_id, notebook_params={"penalty": penalty_once}).result(timeout=timedelta(minutes=1))
output = w.jobs.get_run_output(run.tasks[0].run_id)
trained_version = json.loads(output.notebook_output.result)["version"]

# %% Task 3: the test notebook
write(
    test_notebook,
    """# Databricks notebook source
import json

import mlflow
import pandas as pd
from databricks.sdk import WorkspaceClient
from mlflow import MlflowClient

event = json.loads(dbutils.widgets.get("event_message"))
name, version = event["model_name"], event["version"]
rows = pd.read_csv(dbutils.widgets.get("rows"))
label = dbutils.widgets.get("label")
client = MlflowClient()

# COMMAND ----------


def accuracy(uri):
    predicted = mlflow.pyfunc.load_model(uri).predict(rows.drop(columns=label))
    return float((predicted == rows[label]).mean())


try:
    score = accuracy(f"models:/{name}/{version}")
    client.set_model_version_tag(name, version, dbutils.widgets.get("score_key"), f"{score:.4f}")
    passed = score > accuracy(f"models:/{name}/Production")
except Exception as error:
    print(error)
    passed = False

# COMMAND ----------

if passed:
    WorkspaceClient().model_registry.create_transition_request(name, version, "Production", comment="It is better.")
else:
    client.transition_model_version_stage(name, version, "Archived")
""",
)

# %% Task 5: the deployment
write(
    deploy_notebook,
    """# Databricks notebook source
import json

from databricks.sdk import WorkspaceClient

registry = WorkspaceClient().model_registry
given = dbutils.widgets.getAll()
asked = "event_message" in given
wanted = json.loads(given["event_message"]) if asked else given
name, version = wanted["model_name"], wanted["version"]
registry.set_model_version_tag(name, version, given["run_key"], given["run_id"])
move = registry.approve_transition_request if asked else registry.transition_stage
move(name, version, "Production", archive_existing_versions=True)
""",
)
deployment = w.jobs.create(
    name=deploy_job,
    tasks=[
        jobs.Task(
            task_key="deploy",
            new_cluster=compute.ClusterSpec(num_workers=0, **machine),
            notebook_task=jobs.NotebookTask(
                notebook_path=deploy_notebook, base_parameters={"run_key": run_key, "run_id": "{{job.run_id}}"}
            ),
        )
    ],
)
w.model_registry.create_webhook(
    events=[ml.RegistryWebhookEvent.TRANSITION_REQUEST_TO_PRODUCTION_CREATED],
    model_name=model_name,
    description="deploys what is asked for",
    job_spec=ml.JobSpec(job_id=str(deployment.job_id), access_token=token),
)

# %% Task 4: the test job
(cluster,) = [each for each in w.clusters.list() if each.cluster_name == cluster_name]
testing = w.jobs.create(
    name=test_job,
    tasks=[
        jobs.Task(
            task_key="test",
            existing_cluster_id=cluster.cluster_id,
            timeout_seconds=timeout_seconds,
            notebook_task=jobs.NotebookTask(
                notebook_path=test_notebook,
                base_parameters={
                    "rows": recent_rows,
                    "label": label,
                    "score_key": score_key,
                },
            ),
        )
    ],
)

# %% Task 6: deploy once
redeployed = w.jobs.run_now(
    deployment.job_id, notebook_params={"model_name": redeploy_model, "version": redeploy_version}
).result(timeout=timedelta(minutes=1))

# %% Task 7: the webhook that tests
w.model_registry.create_webhook(
    events=[ml.RegistryWebhookEvent.MODEL_VERSION_TRANSITIONED_TO_STAGING],
    model_name=model_name,
    description="tests what goes to Staging",
    job_spec=ml.JobSpec(job_id=str(testing.job_id), access_token=token),
)

# %% Task 8: the webhook that tells
telling = w.model_registry.create_webhook(
    events=[ml.RegistryWebhookEvent.MODEL_VERSION_TRANSITIONED_TO_PRODUCTION],
    model_name=model_name,
    http_url_spec=ml.HttpUrlSpec(url=receiver_url, secret=secret),
).webhook

# %% Task 9: a test of it
test_reply = w.model_registry.test_registry_webhook(telling.id).body

# %% Task 10: webhooks listed
watching = {
    hook.id
    for hook in w.model_registry.list_webhooks(
        model_name=watched_model, events=[ml.RegistryWebhookEvent(watched_event)]
    )
}

# %% Task 11: a webhook changed
(changing,) = [hook for hook in w.model_registry.list_webhooks() if hook.description == change_description]
w.model_registry.update_webhook(
    changing.id,
    status=ml.RegistryWebhookStatus.ACTIVE,
    events=[*changing.events, ml.RegistryWebhookEvent(change_event)],
)

# %% Task 12: webhooks deleted
from urllib.parse import urlsplit

for hook in list(w.model_registry.list_webhooks()):
    if hook.http_url_spec and urlsplit(hook.http_url_spec.url).hostname == gone_host:
        w.model_registry.delete_webhook(hook.id)
