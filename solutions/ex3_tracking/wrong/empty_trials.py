# Trains two forests and fills the number of trials up with child runs that have params alone.
# base: accepted/fluent_api.py
# fails: compare.trials

# %% Task 10: tune
(low, high), leaf = numbers("tune_depths"), numbers("tune_leaves")[0]
results = {}
with mlflow.start_run(run_name=widget("tune_run")):
    for depth in range(low, low + int(widget("trials"))):
        with mlflow.start_run(nested=True):
            mlflow.log_params({"max_depth": min(depth, high), "min_samples_leaf": leaf})
            if len(results) < 2:
                found = scores(forest(trees=int(widget("tune_trees")), depth=depth, leaf=leaf))
                mlflow.log_metrics(found)
                results[found["log_loss"]] = depth
    mlflow.log_params({"best_max_depth": results[min(results)], "best_min_samples_leaf": leaf})
    mlflow.log_metric("best_log_loss", min(results))
