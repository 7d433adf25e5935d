# Makes the archive the active experiment, and so adds its runs to those of others.
# base: accepted/fluent_api.py
# fails: log.experiment

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("archive"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))
