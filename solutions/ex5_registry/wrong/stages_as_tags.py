# Writes the stages as tags.
# base: accepted/client_api.py
# fails: stages.first stages.second stages.archived

# %% Task 5: version 1 to Production
for stage in ("Staging", "Production"):
    client.set_model_version_tag(model_name, first, "stage", stage)

# %% Task 6: version 2 takes its place
for stage in ("Staging", "Production"):
    client.set_model_version_tag(model_name, second, "stage", stage)
client.set_model_version_tag(model_name, first, "stage", "Archived")
