# Tells autologging not to log models, and logs the model by hand.
# base: accepted/fluent_api.py
# fails: compare.autolog compare.automodel

# %% Task 9: autologging, but for the model
mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run(run_name=widget("auto_run")):
    mlflow.sklearn.log_model(forest(trees=int(widget("auto_trees"))), name="model")
mlflow.sklearn.autolog(disable=True)
