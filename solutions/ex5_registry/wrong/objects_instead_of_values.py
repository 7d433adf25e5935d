# Keeps the model, the version and the search's result as objects.
# base: accepted/client_api.py
# fails: load.version load.latest load.tagged

# %% Task 9: the model
by_version = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_version}")

# %% Task 12: the version
latest_version = max(client.search_model_versions(f"name = '{latest_model}'"), key=lambda v: int(v.version))

# %% Task 13: the versions
tagged_versions = client.search_model_versions(f"name = '{search_model}' and tags.`{search_key}` = '{search_value}'")
