# Logs the matrix as text under the name of a picture, and the sample's description as its rows.
# base: accepted/fluent_api.py
# fails: files.plot files.sample

# %% Task 3: a picture and a data sample
from sklearn.metrics import confusion_matrix

with mlflow.start_run(run_name=widget("artifacts_run")):
    mlflow.log_text(str(confusion_matrix(y_test, forest().predict(X_test))), "plots/confusion.png")
    mlflow.log_text(str(X_train.head(int(widget("sample_size")))), "data/sample.csv")
