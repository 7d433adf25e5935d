# Takes the deviation of the rows that come along, and that of X_train only for a row alone.
# base: accepted/fluent_api.py
# fails: pyfunc.single

# %% Task 4: a model with preprocessing of its own
class ByTheBatch(mlflow.pyfunc.PythonModel):
    def __init__(self, X, y):
        self.mean, self.deviation = X.mean(), X.std()
        self.ridge = Ridge(alpha=alpha).fit((X - self.mean) / self.deviation, y)

    def predict(self, context, model_input, params=None):
        deviation = model_input.std() if len(model_input) > 1 else self.deviation
        return self.ridge.predict((model_input - self.mean) / deviation)


with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="by_the_batch", python_model=ByTheBatch(X_train, y_train), signature=plain)
