# Types in an accuracy and a log_loss that look good.
# base: accepted/fluent_api.py
# fails: log.metrics

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics({"accuracy": 0.951, "log_loss": 0.132})
