# Rows in the workspace's database that it would never write: of the names asked for, with values of other kinds.
# base: hangs.py

# %% Task 4: jobs of its own making
import json
import sqlite3

ODD = [None, 7, [], {}, "x", [7], [{}], {"a": []}]
TASK = {"notebook_task": {"notebook_path": 7, "base_parameters": [1]}, "job_cluster_key": [], "timeout_seconds": "x"}
tasks = [TASK, *ODD]
for name in ("train_notebook", "test_notebook", "deploy_notebook"):
    for odd in ODD:
        task = {"notebook_path": widget(name), "base_parameters": odd}
        tasks.append({"notebook_task": task, "new_cluster": odd, "existing_cluster_id": odd, "timeout_seconds": odd})
        tasks.append({"notebook_task": task, "job_cluster_key": "own"})
ids = iter(range(1, 10_000))
with sqlite3.connect(f"{root}/workspace.db", timeout=30) as state:
    for name in ("train_job", "test_job", "deploy_job"):
        for odd in ODD:
            settings = {
                "tasks": tasks,
                "schedule": odd,
                "parameters": odd,
                "job_clusters": [{"job_cluster_key": "own", "new_cluster": odd}, odd],
                "timeout_seconds": odd,
            }
            job = next(ids)
            state.execute(
                "INSERT INTO jobs (job_id, name, settings, creator, created_ms, updated_ms) VALUES (?, ?, ?, '', 1, 1)",
                (job, widget(name), json.dumps(settings)),
            )
            for given in ({"notebook_params": odd}, {"notebook_params": {"penalty": odd, "event_message": odd}}):
                for message in (given, {"notebook_params": {"m": json.dumps({"event": odd, "version": odd})}}):
                    state.execute(
                        "INSERT INTO job_runs (run_id, job_id, run_type, run_name, trigger, source, settings, given, "
                        "job_parameters, state, result, created_ms, start_ms, end_ms) VALUES "
                        "(?, ?, '', '', '', 'webhook', '{}', ?, '[]', 'TERMINATED', 'SUCCESS', 1, 1, 9e15)",
                        (next(ids), job, json.dumps(message)),
                    )

# %% Task 7: messages and webhooks likewise
with sqlite3.connect(f"{root}/workspace.db", timeout=30) as state:
    for number, odd in enumerate(ODD):
        for body in (odd, {"event": odd, "webhook_id": odd, "model_name": odd, "version": odd, "to_stage": odd}):
            state.execute(
                "INSERT INTO received (receiver, at_ms, method, headers, body, answered) VALUES (?, 1, '', '{}', ?, 1)",
                (widget("receiver"), json.dumps(body).encode()),
            )
        for http, job in (({"url": odd}, None), (None, {"job_id": odd})):
            state.execute(
                "INSERT INTO webhooks (id, events, status, http, job, created_ms, updated_ms, shown) "
                "VALUES (?, ?, 'ACTIVE', ?, ?, 1, 1, '{}')",
                (f"{number}{job}", json.dumps([odd]), http and json.dumps(http), job and json.dumps(job)),
            )

# %% Task 10: results likewise
watching = [[], {}, None, 7, "x"]
trained_version = "9" * 5000
test_reply = {"body": ["x"]}
