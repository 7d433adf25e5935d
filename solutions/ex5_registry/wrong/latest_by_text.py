# Takes the largest of the version numbers as text, so that 9 comes after 10.
# base: accepted/client_api.py
# fails: load.latest

# %% Task 12: the newest
latest_version = max(version.version for version in client.search_model_versions(f"name = '{latest_model}'"))
