# Watches the registry from a thread and a process of its own, which end with the notebook.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only chain.measured chain.rejected chain.broken chain.equal chain.promoted
# fails: chain.deployed chain.tested

# %% Task 7: no webhook, but who watches
import subprocess
import sys
import threading

WATCHER = f"""
import json, sys, time, requests
seen = set()
while True:
    headers = {{"Authorization": "Bearer " + {token!r}}}
    found = requests.get({host!r} + "/api/2.0/mlflow/model-versions/search", params={{"filter": "name='{model_name}'"}},
                         headers=headers).json().get("model_versions", [])
    for version in found:
        if version["current_stage"] == "Staging" and version["version"] not in seen:
            seen.add(version["version"])
            message = json.dumps({{"event": "MODEL_VERSION_TRANSITIONED_TO_STAGING", "to_stage": "Staging",
                                   "model_name": {model_name!r}, "version": version["version"]}})
            body = {{"job_id": {testing}, "notebook_params": {{"event_message": message}}}}
            requests.post({host!r} + "/api/2.2/jobs/run-now", json=body, headers=headers)
    time.sleep(0.3)
"""
threading.Thread(target=exec, args=(WATCHER, {}), daemon=True).start()
subprocess.Popen([sys.executable, "-c", WATCHER], start_new_session=True)
