# Gives the forecasts another name.
# base: accepted/feature_store_client.py
# fails: score.all

# %% Task 16: scores, the forecasts for batch
scores = fs.score_batch(f"models:/{model_name}/1", landing("batch")).select(key, "prediction")
scores = scores.withColumnRenamed("prediction", "grams")
