# Makes the children after the parent has ended, so nothing ties them to it.
# base: accepted/fluent_api.py
# fails: compare.family compare.metrics compare.models compare.best

# %% Task 8: runs one after the other
results = {}
for depth in numbers("grid"):
    with mlflow.start_run(run_name=f"{widget('grid_run')}-{depth}", nested=True):
        mlflow.log_param("max_depth", depth)
        model = forest(depth=depth)
        mlflow.sklearn.log_model(model, name="model")
        found = scores(model)
        mlflow.log_metrics(found)
        results[depth] = found["log_loss"]
with mlflow.start_run(run_name=widget("grid_run")):
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
