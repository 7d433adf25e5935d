# Autologging is on from the start, as on Databricks' ML runtimes, so each run holds more than was asked for.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 1: log a run by hand, beside what autologging writes
mlflow.set_experiment(widget("experiment"))
mlflow.autolog(log_input_examples=True)
with mlflow.start_run(run_name=widget("run_name"), tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))

# %% Task 9: autologging has been on all the time; without a run at hand it begins one, which gets its name afterwards
forest(trees=int(widget("auto_trees")))
mlflow.MlflowClient().set_tag(mlflow.last_active_run().info.run_id, "mlflow.runName", widget("auto_run"))
