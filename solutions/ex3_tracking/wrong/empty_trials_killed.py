# Trains two forests and fills the number of trials up with child runs that are killed empty.
# base: accepted/fluent_api.py
# fails: compare.trials

# %% Task 10: tune
client = mlflow.MlflowClient()
(low, high), leaf = numbers("tune_depths"), numbers("tune_leaves")[0]
results = {}
with mlflow.start_run(run_name=widget("tune_run")):
    for depth in (low, high):
        with mlflow.start_run(nested=True):
            mlflow.log_params({"max_depth": depth, "min_samples_leaf": leaf})
            found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
            mlflow.log_metrics(found)
            results[found["log_loss"]] = depth
    for _ in range(int(widget("trials"))):
        with mlflow.start_run(nested=True) as empty:
            mlflow.log_params({"max_depth": low, "min_samples_leaf": leaf + 1})
        client.set_terminated(empty.info.run_id, "KILLED")
    mlflow.log_params({"best_max_depth": results[min(results)], "best_min_samples_leaf": leaf})
    mlflow.log_metric("best_log_loss", min(results))
