# Logs a model that gives every row the same answer in each child, and scores it honestly.
# base: accepted/fluent_api.py
# fails: compare.metrics compare.models

# %% Task 8: nested runs without a forest
from sklearn.dummy import DummyClassifier

with mlflow.start_run(run_name=widget("grid_run")):
    for depth in numbers("grid"):
        with mlflow.start_run(run_name=f"depth-{depth}", nested=True):
            mlflow.log_param("max_depth", depth)
            model = DummyClassifier().fit(X_train, y_train)
            mlflow.sklearn.log_model(model, name="model")
            found = scores(model)
            mlflow.log_metrics(found)
    mlflow.log_param("best_max_depth", depth)
    mlflow.log_metric("best_log_loss", found["log_loss"])
