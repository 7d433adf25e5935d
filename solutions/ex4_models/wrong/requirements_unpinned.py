# Names the packages, without versions.
# base: accepted/fluent_api.py
# fails: packaging.pinned

# %% Task 8: a model with its requirements
with mlflow.start_run(run_name=widget("packed_run")):
    mlflow.sklearn.log_model(forest, name="forest", signature=plain, pip_requirements=widget("packages").split(","))
