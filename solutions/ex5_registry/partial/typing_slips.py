# Some cells do not run: a wrong method, a sign in place of another, a wrong stage, a bracket left open. The others do.
# base: accepted/client_api.py
# fails: describe.model describe.tag load.alias stages.demoted change.deleted

# %% Task 3: what the model is for
client.update_registered_models(model_name, description=purpose)
client.set_registered_model_tag(model_name, tag_key, tag_value)

# %% Task 11: by alias
by_alias = mlflow.pyfunc.load_model(f"models:/{load_model}/{load_alias}").predict(X_test)

# %% Task 14: back to Staging
for version in client.search_model_versions(f"name = '{demote_model}'"):
    if version.current_stage == "Production":
        client.transition_model_version_stage(demote_model, version.version, "Stage")

# %% Task 17: one version deleted
for version in client.search_model_versions(f"name = '{delete_model}'":
    if version.tags.get(delete_key) == delete_value:
        client.delete_model_version(delete_model, version.version)
