# Trains the grid's forests without random_state: their metrics are those of their models, but of no one else's.
# base: accepted/fluent_api.py
# fails: compare.metrics

# %% Task 8: nested runs
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for depth in numbers("grid"):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            model = RandomForestClassifier(n_estimators=n_estimators, max_depth=depth).fit(X_train, y_train)
            mlflow.sklearn.log_model(model, name="model")
            found = scores(model)
            mlflow.log_metrics(found)
            results[depth] = found["log_loss"]
    best = min(results, key=results.get)
    mlflow.log_param("best_max_depth", best)
    mlflow.log_metric("best_log_loss", results[best])
