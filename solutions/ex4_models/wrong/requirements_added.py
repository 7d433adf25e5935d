# Adds the pinned packages to those that MLflow finds by itself, so more is required than was asked for.
# base: accepted/fluent_api.py
# fails: packaging.pinned

# %% Task 8: a model with more requirements
with mlflow.start_run(run_name=widget("packed_run")):
    mlflow.sklearn.log_model(
        forest,
        name="forest",
        signature=plain,
        extra_pip_requirements=[
            f"{name}=={importlib.metadata.version(name)}" for name in widget("packages").split(",")
        ],
    )
