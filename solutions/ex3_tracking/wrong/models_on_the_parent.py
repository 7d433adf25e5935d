# Logs the children's models when the children have ended, so the parent has them all.
# base: accepted/fluent_api.py
# fails: compare.models

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for depth in numbers("grid"):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            model = forest(depth=depth)
            found = scores(model)
            mlflow.log_metrics(found)
            results[depth] = found["log_loss"]
        mlflow.sklearn.log_model(model, name=f"model-{depth}")
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
