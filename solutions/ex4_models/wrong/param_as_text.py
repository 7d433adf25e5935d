# Declares the widget's text as default, so the param is a string; the model makes a number of it.
# base: accepted/fluent_api.py
# fails: params.declared

# %% Task 6: a model that takes a param
param_name = widget("param_name")


class Multiplied(mlflow.pyfunc.PythonModel):
    def __init__(self, base, name):
        self.base, self.name = base, name

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) * float(params[self.name])


with mlflow.start_run(run_name=widget("params_run")):
    mlflow.pyfunc.log_model(
        name="multiplied",
        python_model=Multiplied(base, param_name),
        signature=infer_signature(X_train, base.predict(X_train), params={param_name: widget("param_default")}),
    )
