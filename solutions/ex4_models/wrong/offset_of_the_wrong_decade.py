# Rounds the age to the nearest decade, so 47 gets the offset for 50; the model does follow its file.
# base: accepted/fluent_api.py
# fails: artifacts.right

# %% Task 5: a model that brings a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def load_context(self, context):
        with open(context.artifacts["offsets"]) as file:
            self.offsets = json.load(file)

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] / 10).round().mul(10).astype(int).astype(str)
        return self.base.predict(model_input) + decades.map(self.offsets).fillna(0.0).to_numpy()


with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.pyfunc.log_model(
        name="corrected",
        python_model=Corrected(base),
        artifacts={"offsets": f"{root}/reference/offsets.json"},
        signature=plain,
    )
