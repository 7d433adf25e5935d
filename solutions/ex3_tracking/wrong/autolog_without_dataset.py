# Tells autologging not to record the training data.
# base: accepted/fluent_api.py
# fails: compare.autolog

# %% Task 9: autologging
mlflow.sklearn.autolog(log_datasets=False)
with mlflow.start_run(run_name=widget("auto_run")):
    forest(trees=int(widget("auto_trees")))
mlflow.sklearn.autolog(disable=True)
