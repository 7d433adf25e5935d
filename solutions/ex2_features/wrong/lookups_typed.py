# Logs the model with MLflow and types a feature spec beside it, with no model in it.
# base: accepted/feature_store_client.py
# fails: model.packaged model.trained score.current score.all

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
import pathlib

import yaml

with mlflow.start_run():
    logged = mlflow.sklearn.log_model(fit(training_set.load_df().toPandas()), name="model")
place = pathlib.Path(mlflow.artifacts.download_artifacts(logged.model_uri), "data", "feature_store")
place.mkdir(parents=True)
(place / "feature_spec.yaml").write_text(yaml.safe_dump(training_set.feature_spec.dump()))
mlflow.register_model(logged.model_uri, model_name)

# %% Task 16: scores, the forecasts for batch
from pyspark.sql import functions as F

scores = landing("batch").select(key, F.lit(500.0).alias("prediction"))
