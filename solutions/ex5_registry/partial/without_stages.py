# Does without stages, as Unity Catalog does: aliases alone.
# base: accepted/client_api.py
# fails: stages.first stages.second stages.archived stages.demoted change.rollback

# %% Task 5: no stages

# %% Task 6: no stages

# %% Task 14: no stages

# %% Task 15: an alias instead
live = [
    version for version in client.search_model_versions(f"name = '{rollback_model}'") if "live_from" in version.tags
]
*_, last, bad = sorted(live, key=lambda version: version.tags["live_from"])
client.set_registered_model_alias(rollback_model, "champion", last.version)
