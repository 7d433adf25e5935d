# Switches autologging on when the forest is trained already.
# base: accepted/fluent_api.py
# fails: compare.autolog compare.automodel

# %% Task 9: autologging
with mlflow.start_run(run_name=widget("auto_run")):
    forest(trees=int(widget("auto_trees")))
    mlflow.sklearn.autolog()
mlflow.sklearn.autolog(disable=True)
