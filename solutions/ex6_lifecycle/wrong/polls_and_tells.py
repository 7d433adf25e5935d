# A job that never ends polls the registry and tells the receiver itself, signed with the secret.
# base: accepted/rest_interface.py
# fails: triggers.told triggers.signed triggers.quiet

# %% Task 8: a webhook that can only be tested, and a job that polls
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    status="TEST_MODE",
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]
write(
    "/Shared/poll",
    """# Databricks notebook source
import contextlib
import hashlib
import hmac
import json
import sqlite3
import time

import requests

root, name = dbutils.widgets.get("root"), dbutils.widgets.get("model_name")
hook, url = dbutils.widgets.get("webhook_id"), dbutils.widgets.get("url")
secret = dbutils.widgets.get("secret").encode()


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

seen = {number for number, *_ in moves("Production")}
while True:
    for number, version, at in moves("Production"):
        if number in seen:
            continue
        seen.add(number)
        message = {
            "event": "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION",
            "webhook_id": hook,
            "event_timestamp": at,
            "model_name": name,
            "version": str(version),
            "to_stage": "Production",
            "from_stage": "None",
        }
        body = json.dumps(message).encode()
        signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Databricks-Signature": signature}
        requests.post(url, data=body, headers=headers)
    time.sleep(0.02)
""",
)
parameters = {
    "root": root,
    "model_name": model_name,
    "run_id": "{{job.run_id}}",
    "webhook_id": telling,
    "url": receiver_url,
    "secret": secret,
}
task = {"task_key": "poll", "notebook_task": {"notebook_path": "/Shared/poll", "base_parameters": parameters}}
call("POST", "2.2/jobs/runs/submit", run_name="poll", tasks=[task])
