# Logs the artifact, but reads the file in __init__, so its content is pickled and the model's copy never read.
# base: accepted/fluent_api.py
# fails: artifacts.followed

# %% Task 5: a model that brings a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base, path):
        self.base = base
        with open(path) as file:
            self.offsets = json.load(file)

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] // 10 * 10).astype(int).astype(str)
        return self.base.predict(model_input) + decades.map(self.offsets).to_numpy()


with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.pyfunc.log_model(
        name="corrected",
        python_model=Corrected(base, f"{root}/reference/offsets.json"),
        artifacts={"offsets": f"{root}/reference/offsets.json"},
        signature=plain,
    )
