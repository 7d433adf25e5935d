# Catches the exception of a child and goes on: the depth has a failed run alone.
# base: accepted/fluent_api.py
# fails: compare.family

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for number, depth in enumerate(numbers("grid")):
        try:
            with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
                mlflow.log_param("max_depth", depth)
                model = forest(depth=depth if number else "deep")
                mlflow.sklearn.log_model(model, name="model")
                found = scores(model)
                mlflow.log_metrics(found)
                results[depth] = found["log_loss"]
        except ValueError as error:
            print(error)
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
