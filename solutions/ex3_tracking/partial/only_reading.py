# Only the tasks that read the archive.
# base: accepted/fluent_api.py
# fails: log.experiment log.params log.metrics log.tags log.ended log.steps log.curve files.plot files.sample
# fails: model.logged model.signature model.example model.loaded compare.family compare.metrics compare.models
# fails: compare.best
# fails: compare.autolog compare.automodel compare.trials compare.tuned compare.winner repeat.recorded
# fails: repeat.metrics

# %% Task 1

# %% Task 2

# %% Task 3

# %% Task 4

# %% Task 5

# %% Task 8

# %% Task 9

# %% Task 10

# %% Task 11
