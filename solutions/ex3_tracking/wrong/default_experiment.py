# Makes the experiment but never makes it the active one: all runs are in the default experiment.
# base: accepted/fluent_api.py
# fails: log.experiment

# %% Task 1: log a run by hand
mlflow.create_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))
