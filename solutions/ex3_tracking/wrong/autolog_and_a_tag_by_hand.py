# Tags the autologged run by hand.
# base: accepted/fluent_api.py
# fails: compare.autolog

# %% Task 9: autologging, and a tag
mlflow.sklearn.autolog()
with mlflow.start_run(run_name=widget("auto_run"), tags={"team": widget("team")}):
    forest(trees=int(widget("auto_trees")))
mlflow.sklearn.autolog(disable=True)
