# Deletes the run of task 1 when it has looked at it.
# base: accepted/fluent_api.py
# fails: log.params log.metrics log.tags

# %% Task 1: log a run by hand, and tidy up
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}) as run:
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))
print(mlflow.get_run(run.info.run_id).data)
mlflow.delete_run(run.info.run_id)
