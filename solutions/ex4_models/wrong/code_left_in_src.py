# Imports the module from the lab's src and leaves it there.
# base: accepted/fluent_api.py
# fails: packaging.code packaging.alone

# %% Task 7: a model that uses the ward's code
sys.path.insert(0, f"{root}/src")
from ward_rules import surcharge


class Surcharged(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) + surcharge(model_input).to_numpy()


with mlflow.start_run(run_name=widget("code_run")):
    mlflow.pyfunc.log_model(name="surcharged", python_model=Surcharged(base), signature=plain)
