# Logs both files at the root of the artifacts, not below plots/ and data/.
# base: accepted/fluent_api.py
# fails: files.plot files.sample

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    figure, axes = plt.subplots()
    ConfusionMatrixDisplay.from_estimator(forest(), X_test, y_test, ax=axes)
    mlflow.log_figure(figure, "confusion.png")
    X_train.head(int(widget("sample_size"))).to_csv("/tmp/sample.csv", index=False)
    mlflow.log_artifact("/tmp/sample.csv")
