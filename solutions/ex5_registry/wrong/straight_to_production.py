# Puts both versions into Production straight away.
# base: accepted/client_api.py
# fails: stages.first stages.second

# %% Task 5: version 1 to Production
client.transition_model_version_stage(model_name, first, "Production")

# %% Task 6: version 2 takes its place
client.transition_model_version_stage(model_name, second, "Production", archive_existing_versions=True)
