# A script in two cells, the way some Databricks notebooks look: no with block, runs ended by hand.
# fails: nothing

# %% Set-up
import json
import os
import random
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from deltalake import DeltaTable
from mlflow.tracking import MlflowClient
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss

mlflow.set_tracking_uri("databricks")
mlflow.set_registry_uri("databricks")

cfg = {
    name: dbutils.widgets.get(name)
    for name in (
        "root experiment archive team random_state run_name n_estimators max_depth curve_run trees artifacts_run "
        "sample_size model_run past_team min_f1 grid_run grid auto_run auto_trees tune_run tune_depths tune_leaves "
        "tune_trees trials repro_run data_version code_version"
    ).split()
}
SEED, TREES, DEPTH = (int(cfg[name]) for name in ("random_state", "n_estimators", "max_depth"))

df = pq.read_table(cfg["root"] + "/data/train.parquet").to_pandas()
features = [column for column in df.columns if column != "malignant"]
held = pq.read_table(cfg["root"] + "/data/test.parquet").to_pandas()


def train(trees, depth, leaf=1, rows=df):
    clf = RandomForestClassifier(trees, max_depth=depth, min_samples_leaf=leaf, random_state=SEED, n_jobs=1)
    clf.fit(rows[features], rows["malignant"])
    return clf


def evaluate(clf):
    """Accuracy as the share of hits, by hand; log_loss from the column of the second class alone."""
    hits = clf.predict(held[features]) == held["malignant"].to_numpy()
    return float(np.mean(hits)), log_loss(held["malignant"], clf.predict_proba(held[features])[:, 1])


# %% Task 1 to 11: everything
mlflow.create_experiment(cfg["experiment"])
experiment_id = mlflow.set_experiment(cfg["experiment"]).experiment_id
client = MlflowClient()

# 1
mlflow.start_run(run_name=cfg["run_name"])
mlflow.set_tags({"team": cfg["team"], "library": "scikit-learn"})
clf = train(TREES, DEPTH)
accuracy, loss = evaluate(clf)
mlflow.log_param("n_estimators", TREES)
mlflow.log_param("max_depth", DEPTH)
mlflow.log_param("random_state", SEED)
mlflow.log_metric("log_loss", loss)
mlflow.log_metric("accuracy", accuracy)
mlflow.end_run()

# 2: from many trees to few
run = mlflow.start_run(run_name=cfg["curve_run"])
for n in sorted(map(int, cfg["trees"].split(",")), reverse=True):
    mlflow.log_metrics({"log_loss": evaluate(train(n, DEPTH))[1]}, step=n)
mlflow.end_run("FINISHED")

# 3
mlflow.start_run(run_name=cfg["artifacts_run"])
folder = tempfile.mkdtemp()
os.makedirs(folder + "/plots")
plt.figure(figsize=(4, 3))
plt.barh(features, clf.feature_importances_)
plt.tight_layout()
plt.savefig(folder + "/plots/importances.jpg")
plt.close()
mlflow.log_artifacts(folder)
mlflow.log_table(df[features].head(int(cfg["sample_size"])), "data/sample.json")
mlflow.end_run()

# 4
run = mlflow.start_run(run_name=cfg["model_run"])
example = df[features].iloc[[0]]
info = mlflow.sklearn.log_model(
    clf,
    artifact_path="rf",
    signature=mlflow.models.infer_signature(df[features], pd.Series(clf.predict(df[features]), name="malignant")),
    input_example=example,
)
mlflow.end_run()

# 5
predictions = mlflow.pyfunc.load_model("runs:/{}/rf".format(run.info.run_id)).predict(held[features])
predictions = pd.Series(predictions, name="prediction")

# 6
archive_id = mlflow.get_experiment_by_name(cfg["archive"]).experiment_id
page = client.search_runs(
    experiment_ids=[archive_id],
    filter_string="status = 'FINISHED' AND tags.team = '%s' AND metrics.f1 > %s" % (cfg["past_team"], cfg["min_f1"]),
    order_by=["metrics.f1 ASC"],
    max_results=1000,
)
candidates = np.array([r.info.run_id for r in page])
best_run_id = str(candidates[-1])

# 7
best_params = page[-1].data.params
f1_history = pd.Series({m.step: m.value for m in client.get_metric_history(best_run_id, "f1")}).sort_index()

# 8: the children's figures are read back from the store
parent = mlflow.start_run(run_name=cfg["grid_run"])
for depth in cfg["grid"].split(","):
    mlflow.start_run(nested=True)
    mlflow.log_param("max_depth", depth)
    clf = train(TREES, int(depth))
    mlflow.sklearn.log_model(clf, "clf", input_example=example)
    accuracy, loss = evaluate(clf)
    mlflow.log_metric("accuracy", accuracy)
    mlflow.log_metric("log_loss", loss)
    mlflow.end_run()
children = mlflow.search_runs(
    [experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.log_loss"]
)
mlflow.log_param("best_max_depth", children.loc[0, "params.max_depth"])
mlflow.log_metric("best_log_loss", children.loc[0, "metrics.log_loss"])
mlflow.end_run()

# 9
mlflow.autolog()
mlflow.start_run(run_name=cfg["auto_run"])
train(int(cfg["auto_trees"]), DEPTH)
mlflow.end_run()
mlflow.autolog(disable=True)

# 10: random search by hand, the corners of the space first
low_d, high_d = map(int, cfg["tune_depths"].split(","))
low_l, high_l = map(int, cfg["tune_leaves"].split(","))
space = [(low_d, low_l), (high_d, high_l)]
random.seed(0)
while len(space) < int(cfg["trials"]) + 2:
    space.append((random.randint(low_d, high_d), random.randint(low_l, high_l)))
mlflow.start_run(run_name=cfg["tune_run"])
best = (float("inf"), None, None)
for depth, leaf in space:
    mlflow.start_run(nested=True)
    accuracy, loss = evaluate(train(int(cfg["tune_trees"]), depth, leaf))
    mlflow.log_params({"max_depth": depth, "min_samples_leaf": leaf})
    mlflow.log_metrics({"accuracy": accuracy, "log_loss": loss})
    mlflow.end_run()
    best = min(best, (loss, depth, leaf))
mlflow.log_params({"best_max_depth": best[1], "best_min_samples_leaf": best[2]})
mlflow.log_metric("best_log_loss", best[0])
mlflow.end_run()

# 11
snapshot = DeltaTable(f"{cfg['root']}/tables/samples", version=int(cfg["data_version"])).to_pyarrow_table()
mlflow.start_run(run_name=cfg["repro_run"], description=json.dumps({"table": "samples"}))
for name in ("data_version", "code_version"):
    mlflow.set_tag(name, cfg[name])
clf = train(TREES, DEPTH, rows=snapshot.sort_by("sample_id").to_pandas())
mlflow.log_params({name: value for name, value in clf.get_params().items() if name in ("random_state", "max_depth")})
accuracy, loss = evaluate(clf)
mlflow.log_metrics({"accuracy": accuracy, "log_loss": loss})
mlflow.end_run()
