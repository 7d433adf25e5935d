# Databricks exercise 6: Automating the model lifecycle. The tasks are in the brief: `grade show ex6`.

# %% Set-up: leave this cell as it is
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


# %% Task 1: the job train_job, with a cluster of its own and a schedule


# %% Task 2: run it once with penalty_once, and keep the number of the version as trained_version


# %% Task 3: the notebook test_notebook, which tests a version and decides


# %% Task 4: the job test_job, on the cluster cluster_name


# %% Task 5: the notebook deploy_notebook and the job deploy_job


# %% Task 6: run deploy_job once, for redeploy_version of redeploy_model


# %% Task 7: a webhook that starts test_job when a version of model_name goes to Staging


# %% Task 8: a webhook that tells receiver_url, signed with secret, when one goes to Production


# %% Task 9: test that webhook, and keep the receiver's answer as test_reply


# %% Task 10: watching, the ids of the webhooks of watched_model that listen to watched_event


# %% Task 11: let the webhook change_description be active and listen to change_event too


# %% Task 12: delete the webhooks that send to gone_host
