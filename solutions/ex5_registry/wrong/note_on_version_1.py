# Writes the note of version 2 to version 1.
# base: accepted/client_api.py
# fails: describe.version

# %% Task 4: what the versions are worth
client.update_model_version(model_name, first, description=note)
scores = {}
for number, version in ((1, first), (2, second)):
    scores[version] = accuracy_score(y_test, models[number].predict(X_test))
    client.set_model_version_tag(model_name, version, score_key, f"{scores[version]:.4f}")
