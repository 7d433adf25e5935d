# Counts the steps 0, 1, 2 instead of taking the number of trees.
# base: accepted/fluent_api.py
# fails: log.steps

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run(run_name=widget("curve_run")):
    for step, trees in enumerate(numbers("trees")):
        mlflow.log_metric("log_loss", scores(forest(trees=trees))["log_loss"], step=step)
