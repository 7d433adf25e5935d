# Rolls back to the live version with the highest number, which was not the last that was live.
# base: accepted/client_api.py
# fails: change.rollback

# %% Task 15: back to the highest number that was live
live = [
    version for version in client.search_model_versions(f"name = '{rollback_model}'") if "live_from" in version.tags
]
*_, last, bad = sorted(live, key=lambda version: int(version.version))
client.transition_model_version_stage(rollback_model, last.version, "Production", archive_existing_versions=True)
