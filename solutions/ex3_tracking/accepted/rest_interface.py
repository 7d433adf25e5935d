# MLflow's REST interface: a server of one's own before the lab's store, asked with requests.
# fails: nothing

# %% Set-up
import itertools
import os
import socket
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import mlflow
import optuna
import pandas as pd
import requests
from deltalake import DeltaTable
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, log_loss

w = dbutils.widgets.get
root = w("root")
X_train = pd.read_parquet(f"{root}/data/train.parquet")
X_test = pd.read_parquet(f"{root}/data/test.parquet")
y_train, y_test = X_train.pop("malignant"), X_test.pop("malignant")

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


def call(path, **body):
    answer = web.post(f"{host}/api/2.0/mlflow/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def ask(path, **arguments):
    answer = web.get(f"{host}/api/2.0/mlflow/{path}", params=arguments, timeout=30)
    answer.raise_for_status()
    return answer.json()


def now():
    return int(time.time() * 1000)


def begin(name, parent=None, **tags):
    if parent:
        tags["mlflow.parentRunId"] = parent
    pairs = [{"key": key, "value": value} for key, value in tags.items()]
    run = call("runs/create", experiment_id=experiment_id, run_name=name, start_time=now(), tags=pairs)["run"]
    return run["info"]["run_id"]


def log(run_id, params=(), metrics=(), tags=()):
    call(
        "runs/log-batch",
        run_id=run_id,
        params=[{"key": key, "value": str(value)} for key, value in dict(params).items()],
        metrics=[{"key": key, "value": value, "timestamp": now()} for key, value in dict(metrics).items()],
        tags=[{"key": key, "value": value} for key, value in dict(tags).items()],
    )


def end(run_id):
    call("runs/update", run_id=run_id, status="FINISHED", end_time=now())


def forest(X=X_train, y=y_train, *, trees=int(w("n_estimators")), depth=int(w("max_depth")), leaf=1):
    return RandomForestClassifier(
        n_estimators=trees, max_depth=depth, min_samples_leaf=leaf, random_state=int(w("random_state"))
    ).fit(X, y)


def metrics(model):
    shares = model.predict_proba(X_test)
    return {"accuracy": accuracy_score(y_test, shares.argmax(axis=1)), "log_loss": log_loss(y_test, shares)}


# %% Task 1
experiment_id = call("experiments/create", name=w("experiment"))["experiment_id"]
run_id = begin(w("run_name"))
for key in ("n_estimators", "max_depth"):
    call("runs/log-parameter", run_id=run_id, key=key, value=w(key))
for key, value in metrics(forest()).items():
    call("runs/log-metric", run_id=run_id, key=key, value=value, timestamp=now())
call("runs/set-tag", run_id=run_id, key="team", value=w("team"))
end(run_id)

# %% Task 2
run_id = begin(w("curve_run"))
for trees in w("trees").split(","):
    value = metrics(forest(trees=int(trees)))["log_loss"]
    call("runs/log-metric", run_id=run_id, key="log_loss", value=value, timestamp=now(), step=int(trees))
end(run_id)

# %% Task 3: files go where the run says that its artifacts are
run_id = begin(w("artifacts_run"))
place = ask("runs/get", run_id=run_id)["run"]["info"]["artifact_uri"]
os.makedirs(f"{place}/plots")
os.makedirs(f"{place}/data")
X_train.boxplot(figsize=(10, 4), rot=45)
plt.tight_layout()
plt.savefig(f"{place}/plots/measurements.png", dpi=60)
plt.close("all")
X_train[: int(w("sample_size"))].to_json(f"{place}/data/rows.json", orient="records")
end(run_id)

# %% Task 4: REST stores no files, so the client logs the model, through the server as well
model_run = begin(w("model_run"))
model = forest()
logged = mlflow.models.Model.log(
    artifact_path=None,
    name="random-forest",
    flavor=mlflow.sklearn,
    run_id=model_run,
    sk_model=model,
    signature=mlflow.models.infer_signature(X_train.head(), model.predict(X_train.head())),
    input_example=X_train.iloc[7:9],
)
end(model_run)

# %% Task 5
predictions = list(mlflow.pyfunc.load_model(f"models:/{logged.model_id}").predict(X_test))

# %% Task 6: page by page
archive = ask("experiments/get-by-name", experiment_name=w("archive"))["experiment"]["experiment_id"]
question = {
    "experiment_ids": [archive],
    "filter": f"attributes.status = 'FINISHED' AND tags.`team` = '{w('past_team')}' AND metrics.`f1` > {w('min_f1')}",
    "order_by": ["metrics.f1 DESC"],
    "max_results": 3,
}
candidates = []
while True:
    page = call("runs/search", **question)
    candidates += [run["info"]["run_id"] for run in page.get("runs", [])]
    if not page.get("next_page_token"):
        break
    question["page_token"] = page["next_page_token"]
best_run_id = candidates[0]

# %% Task 7
best = ask("runs/get", run_id=best_run_id)["run"]
best_params = {param["key"]: param["value"] for param in best["data"]["params"]}
history = ask("metrics/get-history", run_id=best_run_id, metric_key="f1")["metrics"]
f1_history = [point["value"] for point in sorted(history, key=lambda point: int(point.get("step", 0)))]

# %% Task 8
parent = begin(w("grid_run"))
losses = {}
for depth in w("grid").split(","):
    child = begin(f"depth {depth}", parent)
    model = forest(depth=int(depth))
    mlflow.models.Model.log(artifact_path="model", flavor=mlflow.sklearn, run_id=child, sk_model=model)
    found = metrics(model)
    log(child, {"max_depth": depth}, found)
    end(child)
    losses[found["log_loss"]] = depth
lowest = min(losses)
log(parent, {"best_max_depth": losses[lowest]}, {"best_log_loss": lowest})
end(parent)

# %% Task 9
auto = begin(w("auto_run"))
mlflow.sklearn.autolog()
with mlflow.start_run(run_id=auto):
    forest(trees=int(w("auto_trees")))
mlflow.sklearn.autolog(disable=True)

# %% Task 10: a grid of the widest spaced values, given to Optuna
low_d, high_d, low_l, high_l = map(int, f"{w('tune_depths')},{w('tune_leaves')}".split(","))
corners = itertools.product((low_d, high_d), (low_l, (low_l + high_l) // 2, high_l))
study = optuna.create_study(direction="minimize", sampler=optuna.samplers.RandomSampler(seed=3))
for depth, leaf in corners:
    study.enqueue_trial({"max_depth": depth, "min_samples_leaf": leaf})
search = begin(w("tune_run"))
for number in range(int(w("trials"))):
    trial = study.ask()
    chosen = {
        "max_depth": trial.suggest_int("max_depth", low_d, high_d),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", low_l, high_l),
    }
    child = begin(f"trial {number}", search)
    found = metrics(forest(trees=int(w("tune_trees")), depth=chosen["max_depth"], leaf=chosen["min_samples_leaf"]))
    log(child, chosen, found)
    end(child)
    study.tell(trial, found["log_loss"])
log(search, {f"best_{key}": value for key, value in study.best_params.items()}, {"best_log_loss": study.best_value})
end(search)

# %% Task 11
rows = DeltaTable(f"{root}/tables/samples", version=int(w("data_version"))).to_pandas()
rows = rows.sort_values("sample_id", ignore_index=True)
run_id = begin(w("repro_run"), code_version=w("code_version"))
log(run_id, tags={"data_version": w("data_version"), "random_state": w("random_state")})
log(run_id, metrics=metrics(forest(rows.drop(columns=["sample_id", "malignant"]), rows["malignant"])))
end(run_id)

# %% Task 12: the server is not needed any more
server.terminate()
server.wait()
