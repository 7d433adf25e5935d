# Deletes the registered model with all its versions.
# base: accepted/client_api.py
# fails: change.deleted

# %% Task 17: all deleted
client.delete_registered_model(delete_model)
