# Looks for the newest version among those that have no stage yet.
# base: accepted/client_api.py
# fails: load.latest

# %% Task 12: the newest without a stage
(newest,) = client.get_latest_versions(latest_model, stages=["None"])
latest_version = newest.version
