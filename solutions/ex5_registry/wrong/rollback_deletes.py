# Deletes the bad version when it rolls back.
# base: accepted/client_api.py
# fails: change.rollback

# %% Task 15: back to what was live before
live = [
    version for version in client.search_model_versions(f"name = '{rollback_model}'") if "live_from" in version.tags
]
*_, last, bad = sorted(live, key=lambda version: version.tags["live_from"])
client.transition_model_version_stage(rollback_model, last.version, "Production")
client.delete_model_version(rollback_model, bad.version)
