# Brings the folder src, but imports the module without the folder's name: where the model is loaded, it is not found.
# base: accepted/fluent_api.py
# fails: packaging.alone

# %% Task 7: a model that brings its code
sys.path.insert(0, f"{root}/src")
from ward_rules import surcharge


class Surcharged(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) + surcharge(model_input).to_numpy()


with mlflow.start_run(run_name=widget("code_run")):
    mlflow.pyfunc.log_model(
        name="surcharged", python_model=Surcharged(base), code_paths=[f"{root}/src"], signature=plain
    )
