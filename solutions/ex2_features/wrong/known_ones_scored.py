# Scores only customers whom the table has.
# base: accepted/feature_store_client.py
# fails: score.all

# %% Task 16: scores, the forecasts for batch
batch = landing("batch").join(fs.read_table(customers_table).select(key), key)
scores = fs.score_batch(f"models:/{model_name}/1", batch).select(key, "prediction")
