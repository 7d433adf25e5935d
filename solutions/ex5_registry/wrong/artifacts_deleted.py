# Removes the folder with its own models when all is done.
# base: accepted/client_api.py
# fails: register.first register.second register.third register.versions register.lineage describe.version
# fails: describe.score
# fails: stages.first stages.second stages.archived aliases.champion aliases.challenger aliases.promoted

# %% Task 19: tidy up
import shutil

shutil.rmtree(f"{root}/mlruns/0")
