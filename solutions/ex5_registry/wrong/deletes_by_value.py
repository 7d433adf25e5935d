# Deletes every version with a tag of the value, whatever its key.
# base: accepted/client_api.py
# fails: change.deleted

# %% Task 17: versions deleted
for version in client.search_model_versions(f"name = '{delete_model}'"):
    if delete_value in version.tags.values():
        client.delete_model_version(delete_model, version.version)
