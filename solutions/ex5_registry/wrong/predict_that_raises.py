# Logs version 2 in a wrapper whose predict raises; what else is done with the version is right.
# base: accepted/client_api.py
# fails: register.second

# %% Task 2: version 2, in a wrapper that asks for a column that is not there
class Wrapped(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input.drop(columns="cultivar or grower"))


with mlflow.start_run(run_name="version 2"):
    logged = mlflow.pyfunc.log_model(name="model", python_model=Wrapped(models[2]), registered_model_name=model_name)
second = logged.registered_model_version
