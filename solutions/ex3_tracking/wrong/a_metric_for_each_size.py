# Logs a metric for each number of trees instead of one with steps.
# base: accepted/fluent_api.py
# fails: log.steps log.curve

# %% Task 2: log_loss with the number of trees in the name
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric(f"log_loss_{trees}", scores(forest(trees=trees))["log_loss"])
