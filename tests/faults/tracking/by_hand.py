# Task 1 done and nothing else: what the others are laid over.

# %% Set-up
import os

import mlflow
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, log_loss

widget = dbutils.widgets.get
root = widget("root")
train = pd.read_parquet(f"{root}/data/train.parquet")
test = pd.read_parquet(f"{root}/data/test.parquet")
X_train, y_train = train.drop(columns="malignant"), train["malignant"]
X_test, y_test = test.drop(columns="malignant"), test["malignant"]
settings = {name: int(widget(name)) for name in ("n_estimators", "max_depth")}
forest = RandomForestClassifier(**settings, random_state=int(widget("random_state"))).fit(X_train, y_train)


def log_by_hand():
    mlflow.set_experiment(widget("experiment"))
    mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")})
    mlflow.log_params(settings)
    mlflow.log_metric("accuracy", accuracy_score(y_test, forest.predict(X_test)))
    mlflow.log_metric("log_loss", log_loss(y_test, forest.predict_proba(X_test)))

# %% Task 1: log a run by hand
log_by_hand()
mlflow.end_run()
