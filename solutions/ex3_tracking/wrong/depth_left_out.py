# Stops one short of the end of the grid.
# base: accepted/fluent_api.py
# fails: compare.family

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for depth in numbers("grid")[:-1]:
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            model = forest(depth=depth)
            mlflow.sklearn.log_model(model, name="model")
            found = scores(model)
            mlflow.log_metrics(found)
            results[depth] = found["log_loss"]
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
