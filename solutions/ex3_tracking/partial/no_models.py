# Logs figures everywhere, but no model: neither by hand nor by autologging.
# base: accepted/fluent_api.py
# fails: model.logged model.signature model.example model.loaded compare.automodel

# %% Task 4: later

# %% Task 5: later

# %% Task 9: autologging of params and metrics alone
mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run(run_name=widget("auto_run")):
    forest(trees=int(widget("auto_trees")))
mlflow.sklearn.autolog(disable=True)
