# Other shapes: the input example is a dictionary of columns, the data sample a file with a row a line.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    mlflow.log_figure(X_train.hist(figsize=(6, 6))[0, 0].figure, "plots/histograms.jpg")
    X_train.head(int(widget("sample_size"))).to_json("/tmp/sample.json", orient="records", lines=True)
    mlflow.log_artifact("/tmp/sample.json", "data")

# %% Task 4: a model with signature and input example
with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(2).to_dict(orient="list"),
    )
