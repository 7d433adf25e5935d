# Takes the first version that get_latest_versions gives: the newest of one stage.
# base: accepted/client_api.py
# fails: load.latest

# %% Task 12: the first of the latest
latest_version = client.get_latest_versions(latest_model)[0].version
