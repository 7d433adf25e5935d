# Autologging is on from the start, as on Databricks' ML runtimes, so each run holds more than was asked for.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 1: log a run by hand, beside what autologging writes
mlflow.set_experiment(widget("experiment"))
mlflow.autolog(log_input_examples=True)
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))

# %% Task 9: autologging has been on all the time
with mlflow.start_run(run_name=widget("auto_run")):
    forest(trees=int(widget("auto_trees")))
