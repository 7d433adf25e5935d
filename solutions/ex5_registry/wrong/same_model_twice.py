# Version 2 is the tree of version 1 once more; its score is that of the tree that it should be.
# base: accepted/client_api.py
# fails: register.second

# %% Task 2: version 2, from the run there is
second = client.create_model_version(model_name, source=logged.model_uri, run_id=run.info.run_id).version
