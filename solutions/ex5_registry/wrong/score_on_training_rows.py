# Measures the accuracy on the rows that the trees were trained on.
# base: accepted/client_api.py
# fails: describe.score

# %% Task 4: what the versions are worth
client.update_model_version(model_name, second, description=note)
scores = {}
for number, version in ((1, first), (2, second)):
    scores[version] = models[number].score(X_train, y_train)
    client.set_model_version_tag(model_name, version, score_key, f"{scores[version]:.4f}")
