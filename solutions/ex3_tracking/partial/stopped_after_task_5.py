# Ends the notebook on purpose when the model is read back.
# base: accepted/fluent_api.py
# fails: read.candidates read.best read.params read.history compare.family compare.metrics compare.models compare.best
# fails: compare.autolog compare.automodel compare.trials compare.tuned compare.winner repeat.recorded
# fails: repeat.metrics

# %% Task 6: enough for today
dbutils.notebook.exit("the model is logged")
