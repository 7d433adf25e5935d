# Tags the experiment instead of the run.
# base: accepted/fluent_api.py
# fails: log.tags

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
mlflow.set_experiment_tag("team", widget("team"))
with mlflow.start_run(run_name=widget("run_name")):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))
