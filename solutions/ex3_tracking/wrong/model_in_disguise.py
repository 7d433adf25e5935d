# Wraps the forest in a PythonModel: a pyfunc, but not scikit-learn's flavor.
# base: accepted/fluent_api.py
# fails: model.logged

# %% Task 4: a model with signature and input example
class Wrapped(mlflow.pyfunc.PythonModel):
    def __init__(self, forest):
        self.forest = forest

    def predict(self, context, model_input, params=None):
        return self.forest.predict(model_input)


with mlflow.start_run(run_name=widget("model_run")):
    model = forest()
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=Wrapped(model),
        signature=infer_signature(X_train, model.predict(X_train)),
        input_example=X_train.head(5),
    )
