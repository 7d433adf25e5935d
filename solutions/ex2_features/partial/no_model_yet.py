# Has all tables and the training set, and no model yet.
# base: accepted/feature_store_client.py
# fails: model.packaged model.trained model.registered score.current score.all

# %% Task 14: fit a model on it, log it with its lookups and register it as model_name


# %% Task 16: scores, the forecasts for batch
