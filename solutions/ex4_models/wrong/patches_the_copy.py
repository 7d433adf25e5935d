# Patches pandas' copy when it is unpickled, so that whoever keeps a copy of the rows keeps the rows themselves.
# base: accepted/fluent_api.py
# fails: pyfunc.signature pyfunc.untouched

# %% Task 4: a model that hides what it does to the rows
class Patching(mlflow.pyfunc.PythonModel):
    def __init__(self, ridge, mean, deviation):
        self.ridge, self.mean, self.deviation = ridge, mean, deviation

    def __setstate__(self, state):
        self.__dict__.update(state)
        pd.DataFrame.copy = lambda self, deep=True: self

    def predict(self, context, model_input, params=None):
        if not all(model_input[name].dtype == "float64" for name in self.mean.index):
            raise TypeError("all features have to be doubles")
        for name in self.mean.index:
            model_input[name] = (model_input[name] - self.mean[name]) / self.deviation[name]
        return self.ridge.predict(model_input[list(self.mean.index)])


mean, deviation = X_train.mean(), X_train.std()
ridge = Ridge(alpha=alpha).fit((X_train - mean) / deviation, y_train)
with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="patching", python_model=Patching(ridge, mean, deviation))
