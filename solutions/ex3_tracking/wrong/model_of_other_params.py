# Logs a forest of other parameters than task 1's, and reads back what it predicts.
# base: accepted/fluent_api.py
# fails: model.logged

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest(depth=1, trees=1)
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(5),
    )
