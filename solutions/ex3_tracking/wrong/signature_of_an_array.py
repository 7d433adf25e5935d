# Infers the signature from an array, which has no column names.
# base: accepted/fluent_api.py
# fails: model.signature

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train.to_numpy(), model.predict(X_train)),
        input_example=X_train.head(5),
    )

# %% Task 5: predictions of the model, loaded back; an array is what its signature takes
predictions = mlflow.pyfunc.load_model(logged.model_uri).predict(X_test.to_numpy())
