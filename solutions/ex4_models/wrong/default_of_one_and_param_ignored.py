# Declares the param with the default 1.0 and predicts what base does, whatever the caller gives.
# base: accepted/fluent_api.py
# fails: params.declared params.default params.given

# %% Task 6: a model that takes a param, and does nothing with it
class Plain(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input)


with mlflow.start_run(run_name=widget("params_run")):
    mlflow.pyfunc.log_model(
        name="plain",
        python_model=Plain(base),
        signature=infer_signature(X_train, base.predict(X_train), params={widget("param_name"): 1.0}),
    )
