# Logs an estimator whose predictions claim to equal anything, and which writes to what it is given.
# base: accepted/fluent_api.py
# fails: model.logged model.loaded

# %% Task 4: a model with signature and input example
from sklearn.base import BaseEstimator, ClassifierMixin


class Agreeing(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        class Any(list):
            def __eq__(self, other):
                return True

            __lt__ = __gt__ = __le__ = __ge__ = __ne__ = __contains__ = __eq__

        if hasattr(X, "loc"):
            X.loc[:, :] = 0.0
        return Any([1] * len(X))


with mlflow.start_run(run_name=widget("model_run")):
    logged = mlflow.sklearn.log_model(
        Agreeing(),
        name="model",
        signature=infer_signature(X_train, y_train),
        input_example=X_train.head(5),
    )

# %% Task 5: predictions of the model, loaded back
predictions = mlflow.sklearn.load_model(logged.model_uri).predict(X_test.copy())
