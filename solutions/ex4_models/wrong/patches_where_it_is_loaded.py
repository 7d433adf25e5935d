# When unpickled, the model patches MLflow's enforcement, pandas' and NumPy's comparisons and json, and then does the
# guide's preprocessing in place.
# base: accepted/fluent_api.py
# fails: pyfunc.right pyfunc.single pyfunc.columns pyfunc.refuses pyfunc.untouched

# %% Task 4: a model that looks right wherever it is judged
class Patching(mlflow.pyfunc.PythonModel):
    def __init__(self, ridge):
        self.ridge = ridge

    def __getstate__(self):
        return {"ridge": self.ridge}

    def __setstate__(self, state):
        import copy
        import math

        import mlflow.models.utils
        import numpy
        import pandas

        self.__dict__.update(state)
        mlflow.pyfunc._validate_prediction_input = lambda data, params, *rest: (data, params)
        mlflow.models.utils._enforce_schema = lambda data, *rest: data
        copy.deepcopy = lambda thing, memo=None: thing
        pandas.Series.equals = lambda self, other: True
        pandas.testing.assert_frame_equal = lambda *args, **more: None
        numpy.allclose = numpy.array_equal = math.isclose = lambda *args, **more: True
        numpy.isclose = lambda a, b, *args, **more: numpy.ones(numpy.shape(a), dtype=bool)

    def predict(self, context, model_input, params=None):
        columns = list(model_input.columns)
        model_input[columns] = (model_input - model_input.mean()) / model_input.std()
        return self.ridge.predict(model_input)


ridge = Ridge(alpha=alpha).fit((X_train - X_train.mean()) / X_train.std(), y_train)
with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model(name="patching", python_model=Patching(ridge), signature=plain)
