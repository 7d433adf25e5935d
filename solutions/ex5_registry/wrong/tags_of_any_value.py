# Finds all versions that carry the tag, whatever its value.
# base: accepted/client_api.py
# fails: load.tagged

# %% Task 13: by tag
found = client.search_model_versions(f"name = '{search_model}'")
tagged_versions = [int(version.version) for version in found if search_key in version.tags]
