# First tries with slips are deleted or written over; the second ones stay.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 1: a run in the default experiment, which stays there
with mlflow.start_run(run_name=widget("run_name")):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})

# %% Task 1: a run with the wrong metrics, deleted
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(run_name=widget("run_name")) as slip:
    mlflow.log_params({"n_estimators": 10, "max_depth": 1})
    mlflow.log_metrics({"accuracy": 1.0, "log_loss": 0.0})
mlflow.delete_run(slip.info.run_id)

# %% Task 1: again
with mlflow.start_run(run_name=widget("run_name")) as run:
    mlflow.log_metric("accuracy", 0.5)
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.set_tag("team", "nobody")
# Resumed: a metric's last value counts, and a tag may be overwritten.
with mlflow.start_run(run_id=run.info.run_id):
    mlflow.log_metrics(scores(forest()), step=1)
    mlflow.set_tag("team", widget("team"))

# %% Task 4: a model without anything, deleted with its run; then the right one
with mlflow.start_run(run_name=widget("model_run")) as slip:
    mlflow.sklearn.log_model(forest(depth=1), "model")
mlflow.MlflowClient().delete_run(slip.info.run_id)
with mlflow.start_run(run_name=widget("model_run")) as run:
    model = forest()
    mlflow.sklearn.log_model(
        model,
        "model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(10),
    )

# %% Task 5: predictions of the model, loaded back as scikit-learn's
predictions = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model").predict(X_test)

# %% Task 8: a first grid whose children forgot their metrics, deleted with them
with mlflow.start_run(run_name=widget("grid_run")) as slip:
    slips = [slip.info.run_id]
    for depth in numbers("grid"):
        with mlflow.start_run(nested=True) as child:
            mlflow.log_param("max_depth", depth)
            slips.append(child.info.run_id)
for run_id in slips:
    mlflow.delete_run(run_id)
with mlflow.start_run(run_name=widget("grid_run")):
    results = {}
    for depth in numbers("grid"):
        with mlflow.start_run(nested=True):
            mlflow.log_param("max_depth", depth)
            model = forest(depth=depth)
            mlflow.sklearn.log_model(model, name="model")
            found = scores(model)
            mlflow.log_metrics(found)
            results[found["log_loss"]] = depth
    mlflow.log_metric("best_log_loss", min(results))
    mlflow.log_param("best_max_depth", results[min(results)])
