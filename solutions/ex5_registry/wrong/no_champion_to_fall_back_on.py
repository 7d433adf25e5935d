# Names no champion until version 3 takes over, and looks up the fallback after that: it is version 3 as well.
# base: accepted/client_api.py
# fails: aliases.champion aliases.promoted

# %% Task 7: a challenger alone
client.set_registered_model_alias(model_name, "challenger", min(scores, key=scores.get))

# %% Task 8: version 3 is the first champion
with mlflow.start_run(run_name="version 3"):
    logged = mlflow.sklearn.log_model(models[3], name="model", registered_model_name=model_name)
for alias in ("champion", fallback_alias):
    client.set_registered_model_alias(model_name, alias, logged.registered_model_version)
