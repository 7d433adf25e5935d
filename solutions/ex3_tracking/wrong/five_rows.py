# Logs head() as it is: five rows, whatever the sample size.
# base: accepted/fluent_api.py
# fails: files.sample

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    figure, axes = plt.subplots()
    ConfusionMatrixDisplay.from_estimator(forest(), X_test, y_test, ax=axes)
    mlflow.log_figure(figure, "plots/confusion.png")
    X_train.head().to_csv("/tmp/sample.csv", index=False)
    mlflow.log_artifact("/tmp/sample.csv", "data")
