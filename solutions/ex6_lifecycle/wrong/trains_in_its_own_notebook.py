# Runs the colleague's code in its own notebook, without a job.
# base: accepted/rest_interface.py
# fails: runs.trained runs.version

# %% Task 2: no run of the job
arguments = {"model_name": model_name, "rows": train_rows, "label": label, "penalty": penalty_once}
trained_version = json.loads(dbutils.notebook.run(train_notebook, 60, arguments))["version"]
