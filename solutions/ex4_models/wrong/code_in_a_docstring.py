# Has the module pickled by value, and brings a Python file that only mentions the function.
# base: accepted/fluent_api.py
# fails: packaging.code

# %% Task 7: a model with a file that looks like its code
import cloudpickle

sys.path.insert(0, f"{root}/src")
import ward_rules

cloudpickle.register_pickle_by_value(ward_rules)
with open("notes.py", "w") as file:
    file.write('"""\ndef surcharge(frame):\n    is in the pickle\n"""\n')


class Surcharged(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def predict(self, context, model_input, params=None):
        return self.base.predict(model_input) + ward_rules.surcharge(model_input).to_numpy()


with mlflow.start_run(run_name=widget("code_run")):
    mlflow.pyfunc.log_model(
        name="surcharged", python_model=Surcharged(base), code_paths=["notes.py"], signature=plain
    )
