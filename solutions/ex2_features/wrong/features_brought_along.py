# Joins the features by hand and makes a training set without lookups: the model then wants them with every batch.
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


training_set = fs.create_training_set(with_features(landing("orders")), [], label, exclude_columns=IDS)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 16: scores, the forecasts for batch
scores = fs.score_batch(f"models:/{model_name}/1", with_features(landing("batch"))).select(key, "prediction")
