# A job that never ends polls the registry and puts messages of its own in the queue of webhooks that are switched off.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only triggers.told triggers.signed triggers.quiet
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted chain.deployed chain.tested

# %% Task 7: a webhook that does nothing
testing_hook = hooks(
    "POST",
    "create",
    model_name=model_name,
    status="TEST_MODE",
    events=["MODEL_VERSION_TRANSITIONED_TO_STAGING"],
    job_spec={"job_id": str(testing), "access_token": token},
)["webhook"]["id"]

# %% Task 8: another, and a job that writes their queue
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
import json
import sqlite3
import time

root, name = dbutils.widgets.get("root"), dbutils.widgets.get("model_name")
hooks = {"Staging": dbutils.widgets.get("testing"), "Production": dbutils.widgets.get("telling")}


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

seen = {number for stage in hooks for number, *_ in moves(stage)}
while True:
    for stage, hook in hooks.items():
        for number, version, at in moves(stage):
            if number in seen:
                continue
            seen.add(number)
            message = {
                "event": f"MODEL_VERSION_TRANSITIONED_TO_{stage.upper()}",
                "webhook_id": hook,
                "event_timestamp": at,
                "model_name": name,
                "version": str(version),
                "to_stage": stage,
                "from_stage": "None",
            }
            with state() as changing:
                changing.execute(
                    "INSERT INTO deliveries (webhook_id, event, model_name, version, body, state, due_ms, created_ms) "
                    "VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
                    (hook, message["event"], name, str(version), json.dumps(message), at, at),
                )
    time.sleep(0.02)
""",
)
parameters = {
    "root": root,
    "model_name": model_name,
    "run_id": "{{job.run_id}}",
    "testing": testing_hook,
    "telling": telling,
}
task = {"task_key": "poll", "notebook_task": {"notebook_path": "/Shared/poll", "base_parameters": parameters}}
call("POST", "2.2/jobs/runs/submit", run_name="poll", tasks=[task])
