# Types in a figure that looks like a forecast: the mean of all orders.
# base: accepted/feature_store_client.py
# fails: score.current score.all

# %% Task 16: scores, the forecasts for batch
from pyspark.sql import functions as F

mean = landing("orders").agg(F.mean(label)).first()[0]
scores = landing("batch").select(key, F.lit(mean).alias("prediction"))
