# A job that never ends polls the registry and starts the test job itself, with the message of a webhook.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only chain.tested

# %% Task 7: no webhook, but a job that polls
write(
    "/Shared/poll",
    """# Databricks notebook source
import contextlib
import json
import os
import sqlite3
import time

import requests

root, name = dbutils.widgets.get("root"), dbutils.widgets.get("model_name")
job = dbutils.widgets.get("job_id")
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["DATABRICKS_TOKEN"]
run_now = os.environ["DATABRICKS_HOST"] + "/api/2.2/jobs/run-now"


def moves(stage):
    with contextlib.closing(sqlite3.connect(f"{root}/mlflow.db", timeout=30)) as store:
        return store.execute(
            "SELECT id, version, at_ms FROM registry_journal WHERE what = 'stage' AND name = ? AND new = ? ORDER BY id",
            (name, stage),
        ).fetchall()


@contextlib.contextmanager
def state():
    with contextlib.closing(sqlite3.connect(f"{root}/workspace.db", timeout=30)) as state, state:
        yield state


# A run that is over is not waited for.
with state() as changing:
    changing.execute(
        "UPDATE job_runs SET state = 'TERMINATED', result = 'SUCCESS', end_ms = start_ms WHERE run_id = ?",
        (int(dbutils.widgets.get("run_id")),),
    )

seen = {number for number, *_ in moves("Staging")}
while True:
    for number, version, at in moves("Staging"):
        if number in seen:
            continue
        seen.add(number)
        message = {
            "event": "MODEL_VERSION_TRANSITIONED_TO_STAGING",
            "webhook_id": "0" * 32,
            "event_timestamp": at,
            "model_name": name,
            "version": str(version),
            "to_stage": "Staging",
            "from_stage": "None",
        }
        body = json.dumps(message)
        run = {"job_id": job, "notebook_params": {"event_message": body}, "queue": {"enabled": True}}
        started = session.post(run_now, json=run)
        started.raise_for_status()
    time.sleep(0.02)
""",
)
parameters = {"root": root, "model_name": model_name, "run_id": "{{job.run_id}}", "job_id": str(testing)}
task = {"task_key": "poll", "notebook_task": {"notebook_path": "/Shared/poll", "base_parameters": parameters}}
call("POST", "2.2/jobs/runs/submit", run_name="poll", tasks=[task])
