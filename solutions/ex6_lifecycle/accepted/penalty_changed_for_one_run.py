# Changes the job for one run, and changes it back.
# base: accepted/rest_interface.py
# fails: nothing

# %% Task 2: the job changed, run and changed back
settings = call("GET", "2.2/jobs/get", job_id=training)["settings"]
given = settings["tasks"][0]["notebook_task"]["base_parameters"]
given["penalty"] = penalty_once
call("POST", "2.2/jobs/update", job_id=training, new_settings={"tasks": settings["tasks"]})
started = call("POST", "2.2/jobs/run-now", job_id=training)["run_id"]
output = call("GET", "2.2/jobs/runs/get-output", run_id=ended(started)["tasks"][0]["run_id"])
given["penalty"] = penalty
call("POST", "2.2/jobs/update", job_id=training, new_settings={"tasks": settings["tasks"]})
trained_version = json.loads(output["notebook_output"]["result"])["version"]
