# Deletes the store's database in the end.
# base: accepted/fluent_api.py
# fails: log.experiment log.params log.metrics log.tags log.ended log.steps log.curve files.plot files.sample
# fails: model.logged model.signature model.example model.loaded compare.family compare.metrics compare.models
# fails: compare.best
# fails: compare.autolog compare.automodel compare.trials compare.tuned compare.winner repeat.recorded
# fails: repeat.metrics

# %% Task 12: gone
import os

for name in os.listdir(root):
    if name.startswith("mlflow.db"):
        os.remove(f"{root}/{name}")
