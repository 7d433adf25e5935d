# The guide's snippets word for word, but for names and figures: no seed, one metric, a tag and a log_loss too few.
# base: accepted/fluent_api.py
# fails: log.metrics log.tags model.logged compare.metrics compare.models compare.best

# %% Task 1: basic MLflow tracking
import mlflow
import mlflow.sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score

mlflow.set_experiment(widget("experiment"))

# Start a run
with mlflow.start_run(run_name=widget("run_name")) as run:
    # Log parameters
    mlflow.log_param("n_estimators", n_estimators)
    mlflow.log_param("max_depth", max_depth)

    # Train model
    model = RandomForestClassifier(n_estimators=n_estimators, max_depth=max_depth)
    model.fit(X_train, y_train)

    # Log metrics
    y_pred = model.predict(X_test)
    accuracy = accuracy_score(y_test, y_pred)
    mlflow.log_metric("accuracy", accuracy)

    # Log model
    mlflow.sklearn.log_model(model, "model")

    # Get run ID for later reference
    run_id = run.info.run_id

# %% Task 4: advanced MLflow tracking with signatures and input examples
import pandas as pd
from mlflow.models.signature import infer_signature

# Create an input example
input_example = X_train.iloc[0:5]

# Infer the model signature
signature = infer_signature(X_train, y_pred)

# Log model with signature and input example
with mlflow.start_run(run_name=widget("model_run")) as run:
    mlflow.sklearn.log_model(
        model, 
        "model", 
        signature=signature,
        input_example=input_example
    )

# %% Task 5: the model loaded back
predictions = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model").predict(X_test)

# %% Task 8: working with nested runs
with mlflow.start_run(run_name=widget("grid_run")) as parent_run:
    mlflow.log_param("parent_param", "parent_value")

    # Create child runs for different model variations
    for max_depth in numbers("grid"):
        with mlflow.start_run(run_name=f"child-run-{max_depth}", nested=True) as child_run:
            mlflow.log_param("max_depth", max_depth)

            # Train and log model details
            model = RandomForestClassifier(max_depth=max_depth)
            model.fit(X_train, y_train)

            accuracy = accuracy_score(y_test, model.predict(X_test))
            mlflow.log_metric("accuracy", accuracy)

            mlflow.sklearn.log_model(model, "model")
max_depth = int(widget("max_depth"))
