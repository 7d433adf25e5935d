# Makes one key of two by gluing them together, instead of naming both.
# base: accepted/feature_store_client.py
# fails: create.keys

# %% Task 4: the feature table coffees_table from coffees_1, with its two keys
from pyspark.sql import functions as F


def with_sku(rows, coffee="coffee"):
    return rows.withColumn("sku", F.concat_ws("-", "country", coffee))


fs.create_table(coffees_table, ["sku"], with_sku(landing("coffees_1")))

# %% Task 5: coffees_2 in place of all that coffees_table held
fs.write_table(coffees_table, with_sku(landing("coffees_2")), mode="overwrite")

# %% Task 13: the training set of orders, saved at tables/training
of_customer, of_coffee = lookups()
of_coffee.lookup_key = "sku"
training_set = fs.create_training_set(
    with_sku(landing("orders"), "favourite"), [of_customer, of_coffee], label, exclude_columns=[*IDS, "sku"]
)
training_set.load_df().write.format("delta").mode("overwrite").save(f"{root}/tables/training")

# %% Task 16: scores, the forecasts for batch
scores = fs.score_batch(f"models:/{model_name}/1", with_sku(landing("batch"), "favourite")).select(key, "prediction")
