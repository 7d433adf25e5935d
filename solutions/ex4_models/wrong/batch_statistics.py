# The guide's own model: it standardises each batch by that batch's mean and deviation, in the rows it is handed.
# base: accepted/fluent_api.py
# fails: pyfunc.right pyfunc.single pyfunc.untouched

# %% Task 4: scale what comes in
import numpy as np


class CustomModel(mlflow.pyfunc.PythonModel):
    def __init__(self, model):
        self.model = model

    def predict(self, context, model_input):
        # Add preprocessing logic
        if isinstance(model_input, pd.DataFrame):
            # Scale numeric features
            numeric_cols = model_input.select_dtypes(include=[np.number]).columns
            model_input[numeric_cols] = model_input[numeric_cols] - model_input[numeric_cols].mean()
            model_input[numeric_cols] = model_input[numeric_cols] / model_input[numeric_cols].std()

        # Return predictions
        return self.model.predict(model_input)


ridge = Ridge(alpha=alpha).fit((X_train - X_train.mean()) / X_train.std(), y_train)
with mlflow.start_run(run_name=widget("custom_run")):
    mlflow.pyfunc.log_model("custom_model", python_model=CustomModel(ridge), signature=plain)
