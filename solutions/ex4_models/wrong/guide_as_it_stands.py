# The guide's snippets word for word, but for names: no seed, no signature, each batch scaled by its own statistics.
# base: accepted/fluent_api.py
# fails: flavors.model flavors.signature pyfunc.right pyfunc.single pyfunc.untouched

# %% Task 1: basic model with sklearn flavor
import mlflow.sklearn
from sklearn.ensemble import RandomForestRegressor
import pandas as pd
import numpy as np

# Train a model
X = X_train
y = y_train
model = RandomForestRegressor(n_estimators=int(widget("n_estimators")))
model.fit(X, y)

# Log with sklearn flavor
with mlflow.start_run(run_name=widget("native_run")) as run:
    mlflow.sklearn.log_model(model, "sklearn_model")
    model_uri = f"runs:/{run.info.run_id}/sklearn_model"

# %% Task 2: load the model
loaded_model = mlflow.sklearn.load_model(model_uri)
native_predictions = loaded_model.predict(X_test)
pyfunc_predictions = mlflow.pyfunc.load_model(model_uri).predict(X_test)
forest = model  # as the cell of task 8 calls it

# %% Task 4: custom PyFunc model with preprocessing
import mlflow.pyfunc

# Define a custom model class with preprocessing
class CustomRFModel(mlflow.pyfunc.PythonModel):
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

# Create and log the custom model: of the ridge that the brief asks for
model = Ridge(alpha=alpha).fit((X - X.mean()) / X.std(), y)
custom_model = CustomRFModel(model)
with mlflow.start_run(run_name=widget("custom_run")) as run:
    # Define the model signature
    from mlflow.models.signature import infer_signature
    signature = infer_signature(X, model.predict(X))

    # Provide an input example
    input_example = pd.DataFrame(X[0:5])

    # Log the model with all metadata
    mlflow.pyfunc.log_model(
        "custom_model",
        python_model=custom_model,
        signature=signature,
        input_example=input_example
    )
    custom_model_uri = f"runs:/{run.info.run_id}/custom_model"

# Load and use the custom model
loaded_custom_model = mlflow.pyfunc.load_model(custom_model_uri)
custom_predictions = loaded_custom_model.predict(X)

# %% Task 9: score the table patients with Spark, the features in a struct since no signature names them
from pyspark.sql.functions import struct

predict = mlflow.pyfunc.spark_udf(spark, model_uri, result_type="double")
patients = spark.read.format("delta").load(f"{root}/tables/patients")
scored = patients.withColumn("prediction", predict(struct(*X_train.columns)))
scored.write.format("delta").save(f"{root}/tables/scored")
