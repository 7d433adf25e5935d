# Logs the file to the run, beside the model, which has its content in an attribute.
# base: accepted/fluent_api.py
# fails: artifacts.file artifacts.followed

# %% Task 5: a model, and a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base, offsets):
        self.base, self.offsets = base, offsets

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] // 10 * 10).astype(int).astype(str)
        return self.base.predict(model_input) + decades.map(self.offsets).to_numpy()


with open(f"{root}/reference/offsets.json") as file:
    offsets = json.load(file)
with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.log_artifact(f"{root}/reference/offsets.json")
    mlflow.pyfunc.log_model(name="corrected", python_model=Corrected(base, offsets), signature=plain)
