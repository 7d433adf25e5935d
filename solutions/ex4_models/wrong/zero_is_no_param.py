# Takes a param of 0 for none, and multiplies by the default.
# base: accepted/fluent_api.py
# fails: params.given

# %% Task 6: a model that takes a param
param_name = widget("param_name")


class Multiplied(mlflow.pyfunc.PythonModel):
    def __init__(self, base, name):
        self.base, self.name = base, name

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) * (params[self.name] or 1.0)


with mlflow.start_run(run_name=widget("params_run")):
    mlflow.pyfunc.log_model(
        name="multiplied",
        python_model=Multiplied(base, param_name),
        signature=infer_signature(
            X_train, base.predict(X_train), params={param_name: float(widget("param_default"))}
        ),
    )
