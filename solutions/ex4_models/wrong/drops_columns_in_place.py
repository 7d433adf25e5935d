# Drops unknown columns from the very DataFrame that it is handed.
# base: accepted/fluent_api.py
# fails: pyfunc.untouched

# %% Task 4: a model with preprocessing of its own
class Dropping(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean(), X.std()
        self.ridge = Ridge(alpha=alpha).fit((X - self.mean) / self.deviation, y)

    def predict(self, context, model_input, params=None):
        model_input.drop(columns=[c for c in model_input if c not in self.mean.index], inplace=True)
        return self.ridge.predict((model_input[self.mean.index] - self.mean) / self.deviation)


with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="dropping", python_model=Dropping(X_train, y_train), signature=plain)
