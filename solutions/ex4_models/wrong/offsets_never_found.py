# Looks for the decade as a number, where the file's keys are text, so no offset is ever found.
# base: accepted/fluent_api.py
# fails: artifacts.right artifacts.followed

# %% Task 5: a model that brings a file
class Corrected(mlflow.pyfunc.PythonModel):
    def __init__(self, base):
        self.base = base

    def load_context(self, context):
        with open(context.artifacts["offsets"]) as file:
            self.offsets = json.load(file)

    def predict(self, context, model_input, params=None):
        decades = (model_input["age"] // 10 * 10).astype(int)
        return self.base.predict(model_input) + [self.offsets.get(decade, 0.0) for decade in decades]


with mlflow.start_run(run_name=widget("artifact_run")):
    mlflow.pyfunc.log_model(
        name="corrected",
        python_model=Corrected(base),
        artifacts={"offsets": f"{root}/reference/offsets.json"},
        signature=plain,
    )
