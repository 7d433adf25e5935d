# Archives the version that is in Staging when the other comes back there.
# base: accepted/client_api.py
# fails: stages.demoted

# %% Task 14: back to Staging
(live,) = client.get_latest_versions(demote_model, ["Production"])
client.transition_model_version_stage(demote_model, live.version, "Staging", archive_existing_versions=True)
