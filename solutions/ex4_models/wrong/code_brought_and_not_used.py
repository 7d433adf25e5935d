# Brings the ward's module, but uses a function of the notebook's, which is pickled with the class.
# base: accepted/fluent_api.py
# fails: packaging.code

# %% Task 7: a model that brings its code, and does without
with open(f"{root}/src/ward_rules.py") as file:
    exec(file.read())


class Surcharged(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) + surcharge(model_input).to_numpy()


with mlflow.start_run(run_name=widget("code_run")):
    mlflow.pyfunc.log_model(
        name="surcharged", python_model=Surcharged(base), code_paths=[f"{root}/src/ward_rules.py"], signature=plain
    )
