# Logs the params as tags, and the team as a param.
# base: accepted/fluent_api.py
# fails: log.params log.tags

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name")):
    mlflow.set_tags({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_param("team", widget("team"))
    mlflow.log_metrics(scores(forest()))
