# Takes mean and deviation from the test rows as well.
# base: accepted/fluent_api.py
# fails: pyfunc.right

# %% Task 4: standardise by all rows there are
everything = pd.concat([X_train, X_test])
mean, deviation = everything.mean(), everything.std()


class Standardised(mlflow.pyfunc.PythonModel):
    def __init__(self, ridge):
        self.ridge = ridge

    def predict(self, context, model_input, params=None):
        return self.ridge.predict((model_input - mean) / deviation)


with mlflow.start_run(run_name=widget("custom_run")):
    ridge = Ridge(alpha=alpha).fit((X_train - mean) / deviation, y_train)
    mlflow.pyfunc.log_model(name="standardised", python_model=Standardised(ridge), signature=plain)
