# Starts the run and looks for the newest version at once.
# base: accepted/rest_interface.py
# fails: runs.version

# %% Task 2: the newest version, while the run has just begun
started = call("POST", "2.2/jobs/run-now", job_id=training, notebook_params={"penalty": penalty_once})["run_id"]
found = call("GET", "2.0/mlflow/registered-models/get", name=model_name)["registered_model"]["latest_versions"]
trained_version = max(int(version["version"]) for version in found)
