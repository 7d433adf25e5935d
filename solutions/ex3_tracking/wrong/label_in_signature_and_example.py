# Infers the signature from all columns and hands rows with the label as example.
# base: accepted/fluent_api.py
# fails: model.signature model.example

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    logged = mlflow.sklearn.log_model(
        forest(),
        name="model",
        signature=infer_signature(train, y_train),
        input_example=train.head(5),
    )

# %% Task 5: predictions of the model, loaded back as scikit-learn's
predictions = mlflow.sklearn.load_model(logged.model_uri).predict(X_test)
