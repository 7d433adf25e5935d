# Infers the signature from the inputs alone.
# base: accepted/fluent_api.py
# fails: model.signature

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    logged = mlflow.sklearn.log_model(
        forest(), name="model", signature=infer_signature(X_train), input_example=X_train.head(5)
    )
