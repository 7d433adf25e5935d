# Counts the versions, as if none had been deleted.
# base: accepted/client_api.py
# fails: load.latest

# %% Task 12: so many versions
latest_version = len(client.search_model_versions(f"name = '{latest_model}'"))
