# Joins the features by hand and logs the model with MLflow's own log_model: whoever wants a forecast must join them too.
# base: accepted/feature_store_client.py
# fails: model.packaged

# %% Task 13: the training set of orders, saved at tables/training
from pyspark.sql import functions as F


def with_features(rows):
    """The rows with their five features, joined by hand."""
    customers, coffees = fs.read_table(customers_table), fs.read_table(coffees_table)
    customers = customers.select(key, "spend", "distance_km", F.col("rating").alias(own_rating))
    coffees = coffees.select("country", F.col("coffee").alias("favourite"), "price", F.col("rating").alias(cup_score))
    rows = rows.join(customers, key, "left").join(coffees, ["country", "favourite"], "left")
    return rows.fillna(default_values)


rows = with_features(landing("orders")).drop(*IDS)
rows.write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name
with mlflow.start_run():
    rows = spark.read.format("delta").load(f"{root}/tables/training").toPandas()
    mlflow.sklearn.log_model(fit(rows), name="model", registered_model_name=model_name)

# %% Task 16: scores, the forecasts for batch
full = with_features(landing("batch")).toPandas()
model = mlflow.sklearn.load_model(f"models:/{model_name}/1")
full["prediction"] = model.predict(full[list(model.feature_names_in_)])
scores = full[[key, "prediction"]]
