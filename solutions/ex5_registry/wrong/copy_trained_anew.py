# Registers a model trained anew under the name of the release.
# base: accepted/client_api.py
# fails: change.copied

# %% Task 18: a new model for production
with mlflow.start_run(run_name="release"):
    mlflow.sklearn.log_model(tree(3), name="model", registered_model_name=release_model)
