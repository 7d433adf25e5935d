# The fluent API throughout, one run a task.

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


# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", scores(forest(trees=trees))["log_loss"], step=trees)

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    figure, axes = plt.subplots()
    ConfusionMatrixDisplay.from_estimator(forest(), X_test, y_test, ax=axes)
    mlflow.log_figure(figure, "plots/confusion.png")
    X_train.head(int(widget("sample_size"))).to_csv("/tmp/sample.csv", index=False)
    mlflow.log_artifact("/tmp/sample.csv", "data")

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(5),
    )

# %% Task 5: predictions of the model, loaded back
predictions = mlflow.pyfunc.load_model(logged.model_uri).predict(X_test)

# %% Task 6: search the archive
found = mlflow.search_runs(
    experiment_names=[widget("archive")],
    filter_string=(
        f"attributes.status = 'FINISHED' and tags.team = '{widget('past_team')}' and metrics.f1 > {widget('min_f1')}"
    ),
    order_by=["metrics.f1 DESC"],
)
candidates = list(found["run_id"])
best_run_id = candidates[0]

# %% Task 7: look at the best run
best_params = mlflow.get_run(best_run_id).data.params
f1_history = [point.value for point in mlflow.MlflowClient().get_metric_history(best_run_id, "f1")]

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for depth in numbers("grid"):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            model = forest(depth=depth)
            mlflow.sklearn.log_model(model, name="model")
            found = scores(model)
            mlflow.log_metrics(found)
            results[depth] = found["log_loss"]
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])

# %% Task 9: autologging
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run")):
    forest(trees=int(widget("auto_trees")))
mlflow.sklearn.autolog(disable=True)

# %% Task 10: tune
def objective(trial):
    depth = trial.suggest_int("max_depth", *numbers("tune_depths"))
    leaf = trial.suggest_int("min_samples_leaf", *numbers("tune_leaves"))
    with mlflow.start_run(nested=True):
        mlflow.log_params(trial.params)
        found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
        mlflow.log_metrics(found)
    return found["log_loss"]


optuna.logging.set_verbosity(optuna.logging.WARNING)
with mlflow.start_run(run_name=widget("tune_run")):
    study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=int(widget("trials")))
    mlflow.log_params({f"best_{name}": value for name, value in study.best_params.items()})
    mlflow.log_metric("best_log_loss", study.best_value)

# %% Task 11: a run that can be repeated
version = int(widget("data_version"))
rows = DeltaTable(f"{root}/tables/samples", version=version).to_pandas().sort_values("sample_id")
with mlflow.start_run(run_name=widget("repro_run")):
    mlflow.log_params({"data_version": version, "random_state": random_state})
    mlflow.set_tag("code_version", widget("code_version"))
    mlflow.log_metrics(scores(forest(X=rows[list(X_train.columns)], y=rows["malignant"])))
