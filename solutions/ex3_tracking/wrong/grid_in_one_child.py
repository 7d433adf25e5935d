# Logs all depths to one child, with the depth as the step.
# base: accepted/fluent_api.py
# fails: compare.family compare.metrics compare.models compare.best

# %% Task 8: one nested run
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    with mlflow.start_run(run_name="depths", nested=True):
        mlflow.log_param("max_depth", widget("grid"))
        for depth in numbers("grid"):
            model = forest(depth=depth)
            mlflow.sklearn.log_model(model, name=f"model-{depth}")
            found = scores(model)
            mlflow.log_metrics(found, step=depth)
            results[depth] = found["log_loss"]
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
