# Leaves the runs of the tasks 1 to 3 to the names that MLflow makes up.
# base: accepted/fluent_api.py
# fails: log.params log.metrics log.tags log.steps log.curve files.plot files.sample

# %% Task 1: log a run by hand
mlflow.set_experiment(widget("experiment"))
with mlflow.start_run(tags={"team": widget("team")}):
    mlflow.log_params({"n_estimators": n_estimators, "max_depth": max_depth})
    mlflow.log_metrics(scores(forest()))

# %% Task 2: log_loss with the number of trees as step
with mlflow.start_run():
    for trees in numbers("trees"):
        mlflow.log_metric("log_loss", scores(forest(trees=trees))["log_loss"], step=trees)

# %% Task 3: a picture and a data sample
with mlflow.start_run():
    figure, axes = plt.subplots()
    ConfusionMatrixDisplay.from_estimator(forest(), X_test, y_test, ax=axes)
    mlflow.log_figure(figure, "plots/confusion.png")
    X_train.head(int(widget("sample_size"))).to_csv("/tmp/sample.csv", index=False)
    mlflow.log_artifact("/tmp/sample.csv", "data")
