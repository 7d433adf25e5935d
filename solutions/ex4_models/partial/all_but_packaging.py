# Everything but the code and the requirements; the run of task 7 was begun and holds no model.
# base: accepted/fluent_api.py
# fails: packaging.code packaging.alone packaging.pinned

# %% Task 7: later
with mlflow.start_run(run_name=widget("code_run")):
    mlflow.set_tag("note", "ask the ward where the module comes from")

# %% Task 8: later
