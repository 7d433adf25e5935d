# Logs the model bare: no signature, no example.
# base: accepted/fluent_api.py
# fails: model.signature model.example

# %% Task 4: a model
with mlflow.start_run(run_name=widget("model_run")):
    logged = mlflow.sklearn.log_model(forest(), name="model")
