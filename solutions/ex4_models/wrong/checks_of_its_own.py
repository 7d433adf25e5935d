# No signature: the model checks and orders the columns itself, so it behaves, but nobody can tell from its card.
# base: accepted/fluent_api.py
# fails: pyfunc.signature

# %% Task 4: a model with preprocessing of its own
class Careful(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean(), X.std()
        self.ridge = Ridge(alpha=alpha).fit((X - self.mean) / self.deviation, y)

    def predict(self, context, model_input, params=None):
        features = model_input[self.mean.index]
        if not all(dtype == "float64" for dtype in features.dtypes):
            raise TypeError("all features have to be doubles")
        return self.ridge.predict((features - self.mean) / self.deviation)


with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="careful", python_model=Careful(X_train, y_train))
