# MlflowClient throughout: runs are created and ended by hand, children point to their parent by a tag.
# fails: nothing

# %% Set-up
import random
import time
from pathlib import Path

import matplotlib.pyplot as plt
import mlflow
import pandas as pd
from deltalake import DeltaTable
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import RocCurveDisplay, accuracy_score, log_loss

get = dbutils.widgets.get
data = Path(get("root")) / "data"
train, test = pd.read_parquet(data / "train.parquet"), pd.read_parquet(data / "test.parquet")
y_train, y_test = train.pop("malignant"), test.pop("malignant")
X_train, X_test = train, test

client = MlflowClient()
PARENT = "mlflow.parentRunId"


def fitted(X=X_train, y=y_train, **params):
    return RandomForestClassifier(**params, random_state=int(get("random_state"))).fit(X, y)


def measured(model):
    """The two metrics as entities of the client."""
    now = round(time.time() * 1000)
    return [
        Metric("accuracy", accuracy_score(y_test, model.predict(X_test)), now, 0),
        Metric("log_loss", log_loss(y_test, model.predict_proba(X_test)), now, 0),
    ]


def params(**values):
    return [Param(key, str(value)) for key, value in values.items()]


trees, depth = int(get("n_estimators")), int(get("max_depth"))

# %% Task 1
ours = client.create_experiment(get("experiment"))
by_hand = client.create_run(ours, run_name=get("run_name")).info.run_id
client.log_param(by_hand, "n_estimators", trees)
client.log_param(by_hand, "max_depth", depth)
for metric in measured(fitted(n_estimators=trees, max_depth=depth)):
    client.log_metric(by_hand, metric.key, metric.value)
client.set_tag(by_hand, "team", get("team"))
client.set_terminated(by_hand)

# %% Task 2: one batch with all the points
curve = client.create_run(ours, run_name=get("curve_run")).info.run_id
points = []
for number in map(int, get("trees").split(",")):
    _, loss = measured(fitted(n_estimators=number, max_depth=depth))
    points.append(Metric("log_loss", loss.value, loss.timestamp, number))
client.log_batch(curve, metrics=points)
client.set_terminated(curve, RunStatus.to_string(RunStatus.FINISHED))

# %% Task 3
report = client.create_run(ours, run_name=get("artifacts_run")).info.run_id
display_ = RocCurveDisplay.from_estimator(fitted(n_estimators=trees, max_depth=depth), X_test, y_test)
client.log_figure(report, display_.figure_, "plots/roc.png")
plt.close(display_.figure_)
X_train.iloc[: int(get("sample_size"))].to_parquet("/tmp/first_rows.parquet")
client.log_artifact(report, "/tmp/first_rows.parquet", artifact_path="data")
client.set_terminated(report)

# %% Task 4: the model is saved to a folder first, then logged as the run's artifacts
keeper = client.create_run(ours, run_name=get("model_run")).info.run_id
mlflow.sklearn.save_model(
    fitted(n_estimators=trees, max_depth=depth),
    "/tmp/forest",
    signature=ModelSignature(
        inputs=Schema([ColSpec("double", name) for name in X_train.columns]), outputs=Schema([ColSpec("long")])
    ),
    input_example=X_train.sample(3, random_state=0),
)
client.log_artifacts(keeper, "/tmp/forest", "forest")
client.set_terminated(keeper)

# %% Task 5
predictions = mlflow.sklearn.load_model(f"runs:/{keeper}/forest").predict(X_test).tolist()

# %% Task 6: all finished runs, sifted in Python
archive = client.get_experiment_by_name(get("archive"))
runs = client.search_runs([archive.experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
matching = [
    run
    for run in runs
    if run.info.status == "FINISHED"
    and run.data.tags.get("team") == get("past_team")
    and run.data.metrics.get("f1", 0) > float(get("min_f1"))
]
candidates = [run.info.run_id for run in matching]
best = max(matching, key=lambda run: run.data.metrics["f1"])
best_run_id = best.info.run_id

# %% Task 7
best_params = dict(client.get_run(best_run_id).data.params)
f1_history = [m.value for m in sorted(client.get_metric_history(best_run_id, "f1"), key=lambda m: m.step)]

# %% Task 8
parent = client.create_run(ours, run_name=get("grid_run")).info.run_id
lowest = None
for tried in map(int, get("grid").split(",")):
    child = client.create_run(ours, tags={PARENT: parent}, run_name=f"max_depth={tried}").info.run_id
    model = fitted(n_estimators=trees, max_depth=tried)
    mlflow.sklearn.save_model(model, f"/tmp/forest-{tried}", input_example=X_train.head(1))
    client.log_artifacts(child, f"/tmp/forest-{tried}", "model")
    found = measured(model)
    client.log_batch(child, metrics=found, params=params(max_depth=tried))
    client.set_terminated(child)
    if lowest is None or found[1].value < lowest[0]:
        lowest = (found[1].value, tried)
client.log_metric(parent, "best_log_loss", lowest[0])
client.log_param(parent, "best_max_depth", lowest[1])
client.set_terminated(parent)

# %% Task 9: autologging writes to the active run, so the one that the client made is resumed
auto = client.create_run(ours, run_name=get("auto_run")).info.run_id
mlflow.sklearn.autolog(silent=True)
with mlflow.start_run(run_id=auto):
    fitted(n_estimators=int(get("auto_trees")), max_depth=depth)
mlflow.sklearn.autolog(disable=True)

# %% Task 10: random search
dice = random.Random(42)
search = client.create_run(ours, run_name=get("tune_run")).info.run_id
tried = []
bounds = {
    "max_depth": [int(bound) for bound in get("tune_depths").split(",")],
    "min_samples_leaf": [int(bound) for bound in get("tune_leaves").split(",")],
}
for number in range(int(get("trials"))):
    chosen = {name: dice.randint(low, high) for name, (low, high) in bounds.items()}
    trial = client.create_run(ours, tags={PARENT: search}, run_name=f"trial {number}").info.run_id
    found = measured(fitted(n_estimators=int(get("tune_trees")), **chosen))
    client.log_batch(trial, metrics=found, params=params(**chosen))
    client.set_terminated(trial)
    tried.append((found[1].value, chosen))
loss, chosen = min(tried, key=lambda pair: pair[0])
client.log_batch(search, metrics=[Metric("best_log_loss", loss, round(time.time() * 1000), 0)])
for name, value in chosen.items():
    client.log_param(search, f"best_{name}", value)
client.set_terminated(search)

# %% Task 11
samples = DeltaTable(get("root") + "/tables/samples")
samples.load_as_version(int(get("data_version")))
rows = samples.to_pandas().set_index("sample_id").sort_index()
again = client.create_run(ours, run_name=get("repro_run")).info.run_id
model = fitted(rows[X_train.columns], rows["malignant"], n_estimators=trees, max_depth=depth)
client.log_batch(
    again,
    metrics=measured(model),
    tags=[RunTag(name, get(name)) for name in ("data_version", "code_version", "random_state")],
)
client.set_terminated(again)
