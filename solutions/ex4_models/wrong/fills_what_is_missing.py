# Declares the features as optional and fills a missing column with the mean, so rows without it are not refused.
# base: accepted/fluent_api.py
# fails: pyfunc.refuses

# %% Task 4: a model with preprocessing of its own
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema


class Forgiving(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean(), X.std()
        self.ridge = Ridge(alpha=alpha).fit((X - self.mean) / self.deviation, y)

    def predict(self, context, model_input, params=None):
        features = model_input.reindex(columns=self.mean.index).fillna(self.mean)
        return self.ridge.predict((features - self.mean) / self.deviation)


optional = ModelSignature(
    Schema([ColSpec("double", name, required=False) for name in X_train]), Schema([ColSpec("double")])
)
with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="forgiving", python_model=Forgiving(X_train, y_train), signature=optional)
