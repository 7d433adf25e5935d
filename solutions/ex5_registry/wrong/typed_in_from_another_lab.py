# Types in results and a note of somebody else's lab.
# base: accepted/client_api.py
# fails: describe.version describe.score load.version load.stage load.alias load.latest load.tagged

# %% Task 4: what the versions are worth
client.update_model_version(model_name, second, description="trained on 122 bottles for review 904")
scores = {first: models[1].score(X_test, y_test), second: models[2].score(X_test, y_test)}
client.set_model_version_tag(model_name, first, score_key, "0.7321")
client.set_model_version_tag(model_name, second, score_key, "0.8929")

# %% Task 9: by number
by_version = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1] * 6

# %% Task 10: by stage
by_stage = [0, 0, 1, 1, 0, 1, 1, 0, 1, 0] * 6

# %% Task 11: by alias
by_alias = [1, 1, 1, 0, 0, 1, 0, 0, 0, 1] * 6

# %% Task 12: the newest
latest_version = 17

# %% Task 13: by tag
tagged_versions = [1, 4, 6, 8]
