# Trains the forest of version 3 with one tree too many, and logs it in a wrapper, without probabilities.
# base: accepted/client_api.py
# fails: register.third

# %% Task 8: version 3 takes over
larger = forest(trees + 1)


class Wrapped(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input, params=None):
        return self.model.predict(model_input)


with mlflow.start_run(run_name="version 3"):
    logged = mlflow.pyfunc.log_model(name="model", python_model=Wrapped(larger), registered_model_name=model_name)
before = client.get_model_version_by_alias(model_name, "champion").version
client.set_registered_model_alias(model_name, fallback_alias, before)
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
