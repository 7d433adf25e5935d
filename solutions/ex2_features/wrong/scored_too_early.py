# Scores before the merge: with features that are out of date.
# base: accepted/feature_store_client.py
# fails: score.current

# %% Task 15: merge customers_3 into customers_table
early = fs.score_batch(f"models:/{model_name}/1", landing("batch")).toPandas()
fs.write_table(customers_table, landing("customers_3"), mode="merge")

# %% Task 16: scores, the forecasts for batch
scores = early[[key, "prediction"]]
