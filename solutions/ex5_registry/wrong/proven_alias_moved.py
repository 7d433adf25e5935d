# Moves the alias of the proven version to the bad one, not the other way round.
# base: accepted/client_api.py
# fails: change.alias

# %% Task 16: the wrong alias
serving = client.get_model_version_by_alias(alias_model, serving_alias).version
client.set_registered_model_alias(alias_model, proven_alias, serving)
