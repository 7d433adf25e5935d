# Three cells do not run to their end: a syntax error, a wrong name, a missing import. The others stand on their own.
# base: accepted/fluent_api.py
# fails: log.steps log.curve model.loaded repeat.recorded repeat.metrics

# %% Task 2: a parenthesis is missing
with mlflow.start_run(run_name=widget("curve_run")):
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", scores(forest(trees=trees)["log_loss"], step=trees)
    print("done")

# %% Task 5: the wrong name
predictions = mlflow.pyfunc.load_model(logged_model.model_uri).predict(X_test)

# %% Task 11: no import
with mlflow.start_run(run_name=widget("repro_run")):
    mlflow.log_params({"random_state": random_state})
    rows = spark.read.format("delta").option("versionAsOf", version).load(f"{root}/tables/samples")
    mlflow.log_metrics(scores(forest(X=rows[list(X_train.columns)], y=rows["malignant"])))
