# Logs as many rows as asked for, but drawn at random instead of the first.
# base: accepted/fluent_api.py
# fails: files.sample

# %% Task 3: a picture and a data sample
with mlflow.start_run(run_name=widget("artifacts_run")):
    figure, axes = plt.subplots()
    ConfusionMatrixDisplay.from_estimator(forest(), X_test, y_test, ax=axes)
    mlflow.log_figure(figure, "plots/confusion.png")
    mlflow.log_table(X_train.sample(int(widget("sample_size")), random_state=0), "data/sample.json")
