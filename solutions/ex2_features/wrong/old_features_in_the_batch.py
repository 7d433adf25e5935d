# Brings the customers' features along with the batch, from the first file: what is there is not looked up.
# base: accepted/feature_store_client.py
# fails: score.current

# %% Task 16: scores, the forecasts for batch
from pyspark.sql import functions as F

old = landing("customers_1").select(key, "spend", "distance_km", F.col("rating").alias(own_rating))
batch = landing("batch").join(old, key, "left").fillna(defaults("spend", "distance_km", own_rating))
scores = fs.score_batch(f"models:/{model_name}/1", batch).select(key, "prediction")
