# Starts the deployment without saying of what.
# base: accepted/rest_interface.py
# fails: runs.deployed

# %% Task 6: a run that knows no version
ended(call("POST", "2.2/jobs/run-now", job_id=deployment)["run_id"])
