# Logs an estimator that knows the training and test rows by heart, and guesses for all others.
# base: accepted/fluent_api.py
# fails: model.logged

# %% Task 4: a model with signature and input example
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Known(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.known = dict(zip(map(tuple, X.to_numpy()), y))
        return self

    def predict_proba(self, X):
        return np.array([self.known.get(tuple(row), [0.5, 0.5]) for row in pd.DataFrame(X).to_numpy()])

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


with mlflow.start_run(run_name=widget("model_run")):
    rows = pd.concat([X_train, X_test], ignore_index=True)
    model = Known().fit(rows, forest().predict_proba(rows).tolist())
    logged = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(5),
    )
