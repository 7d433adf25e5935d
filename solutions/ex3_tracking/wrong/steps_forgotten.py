# Forgets the step: all values of the metric are at step 0.
# base: accepted/fluent_api.py
# fails: log.steps

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", scores(forest(trees=trees))["log_loss"])
