# A job starts a process that outlives it, polls the registry, and starts the test job itself.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only chain.measured chain.rejected chain.broken chain.equal chain.promoted
# fails: chain.deployed chain.tested

# %% Task 7: no webhook, but a process that a job has left behind
WATCHER = f"""
import json, os, time, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer " + {token!r}
seen = set()
while True:
    found = session.get({host!r} + "/api/2.0/mlflow/model-versions/search", params={{"filter": "name='{model_name}'"}})
    for version in found.json().get("model_versions", []):
        if version["current_stage"] == "Staging" and version["version"] not in seen:
            seen.add(version["version"])
            message = json.dumps({{"event": "MODEL_VERSION_TRANSITIONED_TO_STAGING", "to_stage": "Staging",
                                   "event_timestamp": version["last_updated_timestamp"],
                                   "model_name": {model_name!r}, "version": version["version"]}})
            body = {{"job_id": {testing}, "notebook_params": {{"event_message": message}}}}
            session.post({host!r} + "/api/2.2/jobs/run-now", json=body)
    time.sleep(0.02)
"""
Path(f"{root}/watcher.py").write_text(WATCHER)
write(
    "/Shared/leave",
    f"""# Databricks notebook source
import subprocess, sys
subprocess.Popen([sys.executable, "{root}/watcher.py"], start_new_session=True)
""",
)
task = {"task_key": "leave", "notebook_task": {"notebook_path": "/Shared/leave"}}
call("POST", "2.2/jobs/runs/submit", run_name="leave", tasks=[task])
