# No signature; the model standardises the caller's rows in place, and takes columns by their place.
# base: accepted/fluent_api.py
# fails: pyfunc.signature pyfunc.columns pyfunc.refuses pyfunc.untouched

# %% Task 4: a model with preprocessing of its own
class InPlace(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean().to_numpy(), X.std().to_numpy()
        self.ridge = Ridge(alpha=alpha).fit(((X - X.mean()) / X.std()).to_numpy(), y)

    def predict(self, context, model_input, params=None):
        model_input[model_input.columns] = (model_input.to_numpy() - self.mean) / self.deviation
        return self.ridge.predict(model_input.to_numpy())


with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="in_place", python_model=InPlace(X_train, y_train))
