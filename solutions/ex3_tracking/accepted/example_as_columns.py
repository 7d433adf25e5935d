# The input example is a dictionary of columns.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(2).to_dict(orient="list"),
    )
