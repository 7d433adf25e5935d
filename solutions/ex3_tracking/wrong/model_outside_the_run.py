# Logs the model when the run has ended, and so to a run of its own.
# base: accepted/fluent_api.py
# fails: model.logged model.signature model.example model.loaded

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
logged = mlflow.sklearn.log_model(
    model,
    name="model",
    signature=infer_signature(X_train, model.predict(X_train)),
    input_example=X_train.head(5),
)
mlflow.end_run()
