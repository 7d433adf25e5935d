# Promotes version 2 without archiving version 1: both are in Production.
# base: accepted/client_api.py
# fails: stages.archived

# %% Task 6: version 2 as well
for stage in ("Staging", "Production"):
    client.transition_model_version_stage(model_name, second, stage)
