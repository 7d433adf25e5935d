# Tells autologging not to log models.
# base: accepted/fluent_api.py
# fails: compare.automodel

# %% Task 9: autologging
mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run(run_name=widget("auto_run")):
    forest(trees=int(widget("auto_trees")))
mlflow.sklearn.autolog(disable=True)
