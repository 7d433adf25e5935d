# Keeps the tables and what is known of them; features in time, training and forecasts are still to be done.
# base: accepted/feature_store_client.py
# fails: time.table time.past time.exact time.none time.window training.orders training.customers
# fails: training.coffees training.renamed training.defaults training.columns model.packaged model.trained
# fails: model.registered score.features score.current score.all score.online

# %% Task 10: the time-series feature table activity_table from activity


# %% Task 11: as_of_df, the calls with activity as it was known at each call


# %% Task 12: recent_df, the same with activity of the last window_days days only


# %% Task 13: the training set of orders, saved at tables/training


# %% Task 14: fit a model on it, log it with its lookups and register it as model_name


# %% Task 15: merge customers_3 into customers_table


# %% Task 16: scores, the forecasts for batch


# %% Task 17: publish activity_table to an online store
