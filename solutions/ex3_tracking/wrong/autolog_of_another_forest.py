# Autologs a forest with n_estimators trees instead of auto_trees.
# base: accepted/fluent_api.py
# fails: compare.autolog

# %% Task 9: autologging
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run")):
    forest()
mlflow.sklearn.autolog(disable=True)
