# Reads the param if it is given, but no signature declares it, so MLflow drops it.
# base: accepted/fluent_api.py
# fails: params.declared params.given

# %% Task 6: a model that takes a param
class Multiplied(mlflow.pyfunc.PythonModel):
    def __init__(self, base, name, default):
        self.base, self.name, self.default = base, name, default

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) * (params or {}).get(self.name, self.default)


with mlflow.start_run(run_name=widget("params_run")):
    mlflow.pyfunc.log_model(
        name="multiplied",
        python_model=Multiplied(base, widget("param_name"), float(widget("param_default"))),
        signature=plain,
    )
