# Less usual ways: signature and requirements added afterwards, types told by hints, code found by MLflow.
# base: accepted/fluent_api.py
# fails: nothing

# %% Task 1: the forest first, its signature afterwards
forest = RandomForestRegressor(
    n_estimators=int(widget("n_estimators")),
    max_depth=int(widget("max_depth")),
    random_state=int(widget("random_state")),
).fit(X_train, y_train)
with mlflow.start_run(run_name=widget("native_run")):
    native = mlflow.sklearn.log_model(forest, name="forest", registered_model_name="forest")
mlflow.models.set_signature(native.model_uri, plain)

# %% Task 2: both flavors, from the registry
native_predictions = mlflow.sklearn.load_model("models:/forest/1").predict(X_test)
pyfunc_predictions = mlflow.pyfunc.load_model("models:/forest/1").predict(X_test)


# %% Task 4: no context, but hints
class Hinted(mlflow.pyfunc.PythonModel):
    def __init__(self):
        self.figures = {name: (X_train[name].mean(), X_train[name].std()) for name in X_train}
        self.ridge = Ridge(alpha=alpha).fit(self.scaled(X_train), y_train)

    def scaled(self, rows):
        return pd.DataFrame({name: (rows[name] - mean) / std for name, (mean, std) in self.figures.items()})

    def predict(self, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
        return pd.DataFrame({"progression": self.ridge.predict(self.scaled(model_input))})


with mlflow.start_run(run_name=widget("custom_run")):
    hinted = Hinted()
    mlflow.pyfunc.log_model(
        name="hinted", python_model=hinted, signature=infer_signature(X_train, hinted.predict(X_train))
    )

# %% Task 7: MLflow looks for the module that the model needs, below the working directory
import os

os.chdir(f"{root}/src")
sys.path.insert(0, "")
import ward_rules


class Surcharged(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input):
        return base.predict(model_input) + ward_rules.surcharge(model_input)


with mlflow.start_run(run_name=widget("code_run")):
    mlflow.pyfunc.log_model(name="surcharged", python_model=Surcharged(), infer_code_paths=True, signature=plain)

# %% Task 8: no requirements at first, then those asked for
with mlflow.start_run(run_name=widget("packed_run")):
    packed = mlflow.sklearn.log_model(forest, name="forest", signature=plain, pip_requirements=[])
mlflow.models.update_model_requirements(
    packed.model_uri, "add", [f"{name}=={importlib.metadata.version(name)}" for name in widget("packages").split(",")]
)
