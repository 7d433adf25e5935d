# Names no champion until version 3 takes over; the fallback is the version that should have been champion.
# base: accepted/client_api.py
# fails: aliases.champion

# %% Task 7: a challenger alone
client.set_registered_model_alias(model_name, "challenger", min(scores, key=scores.get))

# %% Task 8: version 3 is the first champion
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
client.set_registered_model_alias(model_name, fallback_alias, max(scores, key=scores.get))
client.set_registered_model_alias(model_name, "champion", logged.registered_model_version)
