# Keeps the offsets up to 49 in the class and reads only the others from its copy of the file.
# base: accepted/fluent_api.py
# fails: artifacts.followed

# %% Task 5: a model that brings a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base, known):
        self.base, self.known = base, known

    def load_context(self, context):
        with open(context.artifacts["offsets"]) as file:
            self.offsets = {**json.load(file), **self.known}

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] // 10 * 10).astype(int).astype(str)
        return self.base.predict(model_input) + decades.map(self.offsets).to_numpy()


with open(f"{root}/reference/offsets.json") as file:
    known = {decade: points for decade, points in json.load(file).items() if int(decade) < 50}
with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.pyfunc.log_model(
        name="corrected",
        python_model=Corrected(base, known),
        artifacts={"offsets": f"{root}/reference/offsets.json"},
        signature=plain,
    )
