# Logs each child's model one child too late: the metrics are right, the models are those of the depth before.
# base: accepted/fluent_api.py
# fails: compare.models

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    before = forest(depth=1)
    for depth in numbers("grid"):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            mlflow.sklearn.log_model(before, name="model")
            before = forest(depth=depth)
            found = scores(before)
            mlflow.log_metrics(found)
            results[depth] = found["log_loss"]
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
