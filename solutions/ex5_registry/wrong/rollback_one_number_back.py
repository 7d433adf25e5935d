# Rolls back to the version whose number is one less, which was never live.
# base: accepted/client_api.py
# fails: change.rollback

# %% Task 15: one number back
(bad,) = client.get_latest_versions(rollback_model, ["Production"])
before = int(bad.version) - 1
client.transition_model_version_stage(rollback_model, before, "Production", archive_existing_versions=True)
