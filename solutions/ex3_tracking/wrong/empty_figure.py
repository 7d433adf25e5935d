# Logs a figure after show() has closed it: the picture is blank.
# base: accepted/fluent_api.py
# fails: files.plot

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    ConfusionMatrixDisplay.from_estimator(forest(), X_test, y_test)
    plt.close("all")
    mlflow.log_figure(plt.figure(), "plots/confusion.png")
    X_train.head(int(widget("sample_size"))).to_csv("/tmp/sample.csv", index=False)
    mlflow.log_artifact("/tmp/sample.csv", "data")
