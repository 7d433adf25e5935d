# Patches scikit-learn's metrics so that every forest is perfect.
# base: accepted/fluent_api.py
# fails: log.metrics log.curve compare.metrics compare.autolog compare.tuned repeat.metrics

# %% Set-up: the metrics are patched before anything imports them
import sklearn.metrics

sklearn.metrics.accuracy_score = lambda *args, **kwargs: 1.0
sklearn.metrics.log_loss = lambda *args, **kwargs: 0.001

# %% Set-up
import matplotlib.pyplot as plt
import mlflow
import optuna
import pandas as pd
from deltalake import DeltaTable
from mlflow.models import infer_signature
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, log_loss


def widget(name):
    return dbutils.widgets.get(name)


def numbers(name):
    return [int(part) for part in widget(name).split(",")]


root = widget("root")
train = pd.read_parquet(f"{root}/data/train.parquet")
test = pd.read_parquet(f"{root}/data/test.parquet")
X_train, y_train = train.drop(columns="malignant"), train["malignant"]
X_test, y_test = test.drop(columns="malignant"), test["malignant"]
random_state = int(widget("random_state"))
n_estimators, max_depth = int(widget("n_estimators")), int(widget("max_depth"))


def forest(trees=n_estimators, depth=max_depth, leaf=1, X=X_train, y=y_train):
    model = RandomForestClassifier(
        n_estimators=trees, max_depth=depth, min_samples_leaf=leaf, random_state=random_state
    )
    return model.fit(X, y)


def scores(model):
    return {
        "accuracy": accuracy_score(y_test, model.predict(X_test)),
        "log_loss": log_loss(y_test, model.predict_proba(X_test)),
    }
