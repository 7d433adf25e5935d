# Makes the worse version champion.
# base: accepted/client_api.py
# fails: aliases.champion

# %% Task 7: champion and challenger, the wrong way round
client.set_registered_model_alias(model_name, "champion", min(scores, key=scores.get))
client.set_registered_model_alias(model_name, "challenger", max(scores, key=scores.get))
