# Searches the tag in all models.
# base: accepted/client_api.py
# fails: load.tagged

# %% Task 13: by tag
found = client.search_model_versions(f"tags.`{search_key}` = '{search_value}'")
tagged_versions = [int(version.version) for version in found]
