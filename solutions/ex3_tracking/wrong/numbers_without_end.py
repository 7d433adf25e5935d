# Leaves whole numbers that no float can hold: as answers of a model, in its example, as predictions and as history.
# base: accepted/fluent_api.py
# fails: model.logged model.example model.loaded read.history

# %% Task 4: a model with signature and input example
import json

from sklearn.base import BaseEstimator, ClassifierMixin


class Huge(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return [10**400] * len(X)

    def predict_proba(self, X):
        return [[10**400, -(10**400)]] * len(X)


with mlflow.start_run(run_name=widget("model_run")):
    mlflow.sklearn.save_model(Huge(), "/tmp/huge", signature=infer_signature(X_train, y_train), input_example=X_train[:1])
    with open("/tmp/huge/input_example.json", "w") as file:
        json.dump({"columns": list(X_train.columns), "data": [[10**400] * X_train.shape[1]]}, file)
    mlflow.log_artifacts("/tmp/huge", "model")

# %% Task 5: predictions
predictions = [10**400] * len(X_test)

# %% Task 7: look at the best run
best_params = mlflow.get_run(best_run_id).data.params
f1_history = [10**400] * len(mlflow.MlflowClient().get_metric_history(best_run_id, "f1"))
