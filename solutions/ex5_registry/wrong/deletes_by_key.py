# Deletes every version that carries the tag, whatever its value.
# base: accepted/client_api.py
# fails: change.deleted

# %% Task 17: versions deleted
for version in client.search_model_versions(f"name = '{delete_model}'"):
    if delete_key in version.tags:
        client.delete_model_version(delete_model, version.version)
