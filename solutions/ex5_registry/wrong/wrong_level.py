# Gives version 2 the description and the tag that belong to the registered model.
# base: accepted/client_api.py
# fails: describe.model describe.tag

# %% Task 3: what the model is for, on a version
client.update_model_version(model_name, second, description=purpose)
client.set_model_version_tag(model_name, second, tag_key, tag_value)
