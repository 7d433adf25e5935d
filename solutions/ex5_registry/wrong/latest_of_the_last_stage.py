# Takes the last version that get_latest_versions gives: the newest of another stage.
# base: accepted/client_api.py
# fails: load.latest

# %% Task 12: the last of the latest
latest_version = client.get_latest_versions(latest_model)[-1].version
