# Changes the job itself in place of one run.
# base: accepted/rest_interface.py
# fails: jobs.train

# %% Task 2: another job
settings = call("GET", "2.2/jobs/get", job_id=training)["settings"]
settings["tasks"][0]["notebook_task"]["base_parameters"]["penalty"] = penalty_once
call("POST", "2.2/jobs/update", job_id=training, new_settings={"tasks": settings["tasks"]})
started = call("POST", "2.2/jobs/run-now", job_id=training)["run_id"]
output = call("GET", "2.2/jobs/runs/get-output", run_id=ended(started)["tasks"][0]["run_id"])
trained_version = json.loads(output["notebook_output"]["result"])["version"]
