# Declares the param and multiplies by its default whatever the caller gives.
# base: accepted/fluent_api.py
# fails: params.given

# %% Task 6: a model that takes a param
param_default = float(widget("param_default"))


class Multiplied(mlflow.pyfunc.PythonModel):
    def __init__(self, base, factor):
        self.base, self.factor = base, factor

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) * self.factor


with mlflow.start_run(run_name=widget("params_run")):
    mlflow.pyfunc.log_model(
        name="multiplied",
        python_model=Multiplied(base, param_default),
        signature=infer_signature(X_train, base.predict(X_train), params={widget("param_name"): param_default}),
    )
