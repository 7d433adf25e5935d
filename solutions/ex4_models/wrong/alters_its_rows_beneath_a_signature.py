# Standardises the rows that it is handed in place. A signature hides it: MLflow hands the model a DataFrame of its own.
# base: accepted/fluent_api.py
# fails: pyfunc.untouched

# %% Task 4: a model with preprocessing of its own
class InPlace(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean(), X.std()
        self.ridge = Ridge(alpha=alpha).fit((X - self.mean) / self.deviation, y)

    def predict(self, context, model_input, params=None):
        for name in self.mean.index:
            model_input[name] = (model_input[name] - self.mean[name]) / self.deviation[name]
        return self.ridge.predict(model_input)


with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="in_place", python_model=InPlace(X_train, y_train), signature=plain)
