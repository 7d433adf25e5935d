# Deletes version 1 instead of archiving it; there is nothing left to compare with.
# base: accepted/client_api.py
# fails: register.first register.versions describe.score stages.first stages.archived aliases.champion
# fails: aliases.challenger aliases.promoted

# %% Task 6: version 2 alone
for stage in ("Staging", "Production"):
    client.transition_model_version_stage(model_name, second, stage)
client.delete_model_version(model_name, first)

# %% Task 7: nobody to compare with
