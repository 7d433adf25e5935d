# Takes a feature for a key: the jury's and the shop's figures of a coffee are then one row for each strength.
# base: accepted/feature_store_client.py
# fails: create.keys

# %% Task 4: the feature table coffees_table from coffees_1, with its two keys
fs.create_table(coffees_table, ["country", "coffee", "strength"], landing("coffees_1"))

# %% Task 13: the training set of orders, saved at tables/training
# A lookup would now need the strength: it is joined by hand to the keys first.
from pyspark.sql import functions as F

strengths = landing("coffees_2").select("country", F.col("coffee").alias("favourite"), "strength")
of_customer, of_coffee = lookups()
of_coffee.lookup_key = ["country", "favourite", "strength"]
training_set = fs.create_training_set(
    landing("orders").join(strengths, ["country", "favourite"], "left"),
    [of_customer, of_coffee],
    label,
    exclude_columns=[*IDS, "strength"],
)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 16: scores, the forecasts for batch
batch = landing("batch").join(strengths, ["country", "favourite"], "left")
scores = fs.score_batch(f"models:/{model_name}/1", batch).select(key, "prediction")
