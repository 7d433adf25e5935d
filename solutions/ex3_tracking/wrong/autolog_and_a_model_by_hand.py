# Logs the model by hand as well, beside the one that autologging logs.
# base: accepted/fluent_api.py
# fails: compare.autolog

# %% Task 9: autologging, and a second model
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run")):
    mlflow.sklearn.log_model(forest(trees=int(widget("auto_trees"))), name="forest")
mlflow.sklearn.autolog(disable=True)
