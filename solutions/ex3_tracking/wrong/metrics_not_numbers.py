# Logs metrics that are no number (NaN) or no end (infinity), and params that are words.
# base: accepted/fluent_api.py
# fails: log.params log.metrics log.curve compare.family compare.metrics compare.models compare.best
# fails: compare.trials compare.tuned compare.winner repeat.recorded repeat.metrics

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": "many", "max_depth": "deep"})
    mlflow.log_metrics({"accuracy": float("nan"), "log_loss": float("inf")})

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", float("nan"), step=trees)

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    for depth in numbers("grid"):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", f"depth {depth}")
            mlflow.log_metrics({"accuracy": float("inf"), "log_loss": float("nan")})
            mlflow.sklearn.log_model(forest(depth=depth), name="model")
    mlflow.log_param("best_max_depth", "nan")
    mlflow.log_metric("best_log_loss", float("nan"))

# %% Task 10: tune
with mlflow.start_run(run_name=widget("tune_run")):
    for trial in range(int(widget("trials"))):
        with mlflow.start_run(nested=True):
            mlflow.log_params({"max_depth": "inf", "min_samples_leaf": "1e3 or so"})
            mlflow.log_metrics({"accuracy": float("-inf"), "log_loss": float("nan")})
    mlflow.log_params({"best_max_depth": "None", "best_min_samples_leaf": ""})
    mlflow.log_metric("best_log_loss", float("inf"))

# %% Task 11: a run that can be repeated
with mlflow.start_run(run_name=widget("repro_run")):
    mlflow.log_params({"data_version": "newest", "random_state": "nan"})
    mlflow.set_tag("code_version", "")
    mlflow.log_metrics({"accuracy": float("nan"), "log_loss": float("nan")})
