# Logs test metrics by hand beside what autologging records.
# base: accepted/fluent_api.py
# fails: compare.autolog

# %% Task 9: autologging, and two metrics more
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run")):
    mlflow.log_metrics(scores(forest(trees=int(widget("auto_trees")))))
mlflow.sklearn.autolog(disable=True)
