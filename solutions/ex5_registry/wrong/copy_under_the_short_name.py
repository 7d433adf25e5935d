# Drops catalog and schema from the name of the copy, and so adds a version to the model itself.
# base: accepted/client_api.py
# fails: change.copied

# %% Task 18: a copy for production
client.copy_model_version(f"models:/{load_model}/{release_version}", release_model.split(".")[-1])
