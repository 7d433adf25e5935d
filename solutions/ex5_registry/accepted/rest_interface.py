# MLflow's REST interface: a server of one's own before the lab's store, asked with requests.
# fails: nothing

# %% Set-up
import os
import socket
import subprocess
import sys
import time

import mlflow
import pandas as pd
import requests
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

w = dbutils.widgets.get
root = w("root")
X_train = pd.read_parquet(f"{root}/data/train.parquet")
X_test = pd.read_parquet(f"{root}/data/test.parquet")
y_train, y_test = X_train.pop(w("label")), X_test.pop(w("label"))

# %% Set-up: the server
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
host = f"http://127.0.0.1:{port}"
server = subprocess.Popen(
    [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    + ["--backend-store-uri", f"sqlite:///{root}/mlflow.db"]
    + ["--default-artifact-root", f"{root}/mlruns", "--no-serve-artifacts"],
    # It would start workers for jobs, which nobody needs here.
    env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
for _ in range(400):
    try:
        if requests.get(f"{host}/health", timeout=5).ok:
            break
    except requests.RequestException:
        time.sleep(0.1)
mlflow.set_tracking_uri(host)
web = requests.Session()


def call(method, path, **body):
    """Ask the server; a GET's arguments stand in the address, all others in the body."""
    where = "params" if method == "GET" else "json"
    answer = web.request(method, f"{host}/api/2.0/mlflow/{path}", timeout=30, **{where: body})
    answer.raise_for_status()
    return answer.json()


def begin():
    return call("POST", "runs/create", experiment_id="0", start_time=int(time.time() * 1000))["run"]["info"]


def end(run):
    call("POST", "runs/update", run_id=run["run_id"], status="FINISHED", end_time=int(time.time() * 1000))


def register(name, model):
    """Log a model in a run of its own and register it. REST stores no files: MLflow's client does, by the server."""
    run = begin()
    logged = mlflow.models.Model.log(
        artifact_path=None, name="model", flavor=mlflow.sklearn, run_id=run["run_id"], sk_model=model
    )
    end(run)
    place = {"source": logged.model_uri, "run_id": run["run_id"], "model_id": logged.model_id}
    return call("POST", "model-versions/create", name=name, **place)["model_version"]["version"]


def versions(name):
    return call("GET", "model-versions/search", filter=f"name='{name}'", max_results=100)["model_versions"]


def move(name, version, stage, archive=False):
    body = {"stage": stage, "archive_existing_versions": archive}
    call("POST", "model-versions/transition-stage", name=name, version=version, **body)


def point(name, alias, version):
    call("POST", "registered-models/alias", name=name, alias=alias, version=version)


def pointed(name, alias):
    return call("GET", "registered-models/alias", name=name, alias=alias)["model_version"]["version"]


def predicted(version):
    """What a version predicts, loaded from where the server says that it lies."""
    uri = call("GET", "model-versions/get-download-uri", name=w("load_model"), version=version)["artifact_uri"]
    return mlflow.pyfunc.load_model(uri).predict(X_test)


# %% Task 1
name = w("model_name")
call("POST", "registered-models/create", name=name)
state = int(w("random_state"))
trees = [
    DecisionTreeClassifier(max_depth=int(w(f"depth_{n}")), random_state=state).fit(X_train, y_train) for n in (1, 2)
]
first = register(name, trees[0])

# %% Task 2: as it was before MLflow 3, the model is a folder among the run's artifacts
run = begin()
folder = f"{run['artifact_uri']}/model"
mlflow.sklearn.save_model(trees[1], folder)
made = call("POST", "model-versions/create", name=name, source=folder, run_id=run["run_id"])
second = made["model_version"]["version"]
end(run)

# %% Task 3
call("PATCH", "registered-models/update", name=name, description=w("purpose"))
call("POST", "registered-models/set-tag", name=name, key=w("tag_key"), value=w("tag_value"))

# %% Task 4
call("PATCH", "model-versions/update", name=name, version=second, description=w("note"))
scores = [tree.score(X_test, y_test) for tree in trees]
for version, score in zip((first, second), scores):
    call("POST", "model-versions/set-tag", name=name, version=version, key=w("score_key"), value=str(score))

# %% Task 5
move(name, first, "Staging")
move(name, first, "Production")

# %% Task 6
move(name, second, "Staging")
move(name, second, "Production", archive=True)

# %% Task 7
better = scores.index(max(scores))
point(name, "champion", (first, second)[better])
point(name, "challenger", (first, second)[1 - better])

# %% Task 8
third = register(name, RandomForestClassifier(n_estimators=int(w("trees")), random_state=state).fit(X_train, y_train))
point(name, w("fallback_alias"), pointed(name, "champion"))
point(name, "champion", third)

# %% Task 9
by_version = predicted(w("load_version"))

# %% Task 10
newest = call("POST", "registered-models/get-latest-versions", name=w("load_model"), stages=[w("load_stage")])
by_stage = predicted(newest["model_versions"][0]["version"])

# %% Task 11
by_alias = predicted(pointed(w("load_model"), w("load_alias")))

# %% Task 12
latest_version = max(int(version["version"]) for version in versions(w("latest_model")))

# %% Task 13
tag = {"key": w("search_key"), "value": w("search_value")}
tagged_versions = tuple(v["version"] for v in versions(w("search_model")) if tag in v.get("tags", []))

# %% Task 14
for version in versions(w("demote_model")):
    if version["current_stage"] == "Production":
        move(w("demote_model"), version["version"], "Staging")

# %% Task 15
live = {}
for version in versions(w("rollback_model")):
    for tag in version.get("tags", []):
        if tag["key"] == "live_from":
            live[tag["value"]] = version["version"]
before = live[sorted(live)[-2]]
move(w("rollback_model"), before, "Production", archive=True)

# %% Task 16
point(w("alias_model"), w("serving_alias"), pointed(w("alias_model"), w("proven_alias")))

# %% Task 17
tag = {"key": w("delete_key"), "value": w("delete_value")}
for version in versions(w("delete_model")):
    if tag in version.get("tags", []):
        call("DELETE", "model-versions/delete", name=w("delete_model"), version=version["version"])

# %% Task 18
version = f"models:/{w('load_model')}/{w('release_version')}"
call("POST", "registered-models/create", name=w("release_model"))
call("POST", "model-versions/create", name=w("release_model"), source=version)

# %% The end: the server is not needed any more
server.terminate()
server.wait()
