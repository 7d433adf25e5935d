# Leaves out the largest forest. What is logged is right.
# base: accepted/fluent_api.py
# fails: log.steps

# %% Task 2: all but one
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in sorted(numbers("trees"))[:-1]:
        mlflow.log_metric("log_loss", scores(forest(trees=trees))["log_loss"], step=trees)
