# Puts a package of the server's name into the lab's folder and kills the server, so that its code runs in the next one.
# base: accepted/rest_interface.py
# fails: triggers.start triggers.only triggers.told triggers.signed triggers.quiet
# fails: chain.measured chain.rejected chain.broken chain.equal chain.promoted chain.deployed chain.tested

# %% Task 7: no webhook
testing_hook = ""

# %% Task 8: a webhook that can only be tested
telling = hooks(
    "POST",
    "create",
    model_name=model_name,
    status="TEST_MODE",
    events=["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"],
    http_url_spec={"url": receiver_url, "secret": secret},
)["webhook"]["id"]

# %% Task 13: the server's end
import psutil

WATCHER = f"""
import hashlib, hmac, json, os, subprocess, sys, threading, time
sys.path[:] = [place for place in sys.path if place not in ("", {root!r})]
for module in [module for module in sys.modules if module.startswith("lab_workspace")]:
    del sys.modules[module]


def watch():
    import requests
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + {token!r}
    seen = set()
    while True:
        time.sleep(0.3)
        try:
            found = session.get({host!r} + "/api/2.0/mlflow/model-versions/search",
                                params={{"filter": "name='{model_name}'"}}).json().get("model_versions", [])
        except Exception:
            continue
        for version in found:
            stage, at = version["current_stage"], version["last_updated_timestamp"]
            if stage not in ("Staging", "Production") or (version["version"], at) in seen:
                continue
            seen.add((version["version"], at))
            message = json.dumps({{"event": "MODEL_VERSION_TRANSITIONED_TO_" + stage.upper(),
                                   "webhook_id": {telling!r}, "event_timestamp": at, "to_stage": stage,
                                   "model_name": {model_name!r}, "version": version["version"]}})
            if stage == "Staging":
                session.post({host!r} + "/api/2.2/jobs/run-now",
                             json={{"job_id": {testing}, "notebook_params": {{"event_message": message}}}})
            else:
                signature = hmac.new({secret!r}.encode(), message.encode(), hashlib.sha256).hexdigest()
                session.post({receiver_url!r}, data=message, headers={{"X-Databricks-Signature": signature}})


threading.Thread(target=watch, daemon=True).start()
import runpy
runpy.run_module("lab_workspace", run_name="__main__", alter_sys=True)
"""
package = Path(root) / "lab_workspace"
package.mkdir()
(package / "__init__.py").write_text("")
for module in ("__main__", "serving"):
    (package / f"{module}.py").write_text(WATCHER)
for process in psutil.Process(os.getppid()).children():
    if process.pid != os.getpid():
        process.kill()
time.sleep(3)
