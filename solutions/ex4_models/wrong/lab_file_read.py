# Logs the artifact, but reads the lab's own file when it is loaded.
# base: accepted/fluent_api.py
# fails: artifacts.right artifacts.followed

# %% Task 5: a model that brings a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def load_context(self, context):
        with open(f"{root}/reference/offsets.json") as file:
            self.offsets = json.load(file)

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] // 10 * 10).astype(int).astype(str)
        return self.base.predict(model_input) + decades.map(self.offsets).to_numpy()


with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.pyfunc.log_model(
        name="corrected",
        python_model=Corrected(base),
        artifacts={"offsets": f"{root}/reference/offsets.json"},
        signature=plain,
    )
