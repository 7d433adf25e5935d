# The custom model opens a file of the lab's when it is loaded: where the lab is not, nothing can be asked of it.
# base: accepted/fluent_api.py
# fails: pyfunc.custom pyfunc.right pyfunc.single pyfunc.columns pyfunc.refuses pyfunc.untouched

# %% Task 4: a model with preprocessing of its own
class Standardised(mlflow.pyfunc.PythonModel):
    def __init__(self, ridge):
        self.ridge = ridge

    def load_context(self, context):
        rows = pd.read_parquet(f"{root}/data/train.parquet").drop(columns="progression")
        self.mean, self.deviation = rows.mean(), rows.std()

    def predict(self, context, model_input, params=None):
        return self.ridge.predict((model_input - self.mean) / self.deviation)


ridge = Ridge(alpha=alpha).fit((X_train - X_train.mean()) / X_train.std(), y_train)
with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="standardised", python_model=Standardised(ridge), signature=plain)
