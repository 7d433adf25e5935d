# Logs the forest in a class of its own instead of the native flavor, and takes it out of there again.
# base: accepted/fluent_api.py
# fails: flavors.logged

# %% Task 1: a forest in a wrapper
class Wrapped(mlflow.pyfunc.PythonModel):
    def __init__(self, forest):
        self.forest = forest

    def predict(self, context, model_input, params=None):
        return self.forest.predict(model_input)


forest = RandomForestRegressor(
    n_estimators=int(widget("n_estimators")),
    max_depth=int(widget("max_depth")),
    random_state=int(widget("random_state")),
).fit(X_train, y_train)
with mlflow.start_run(run_name=widget("native_run")):
    native = mlflow.pyfunc.log_model(name="forest", python_model=Wrapped(forest), signature=plain)

# %% Task 2: unwrapped, and as it is
loaded = mlflow.pyfunc.load_model(native.model_uri)
native_predictions = loaded.unwrap_python_model().forest.predict(X_test)
pyfunc_predictions = loaded.predict(X_test)
