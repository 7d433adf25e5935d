# Takes forecasts away where a feature was missing.
# base: accepted/feature_store_client.py
# fails: score.all

# %% Task 16: scores, the forecasts for batch
scored = fs.score_batch(f"models:/{model_name}/1", landing("batch"))
scores = scored.filter(scored.spend != default_values["spend"]).select(key, "prediction")
