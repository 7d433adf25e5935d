# Tries the chain before it leaves: tests the webhook, sends the version that it has trained to Staging, and waits.
# base: accepted/rest_interface.py

# %% Task 13: a look at the chain
(testing_hook,) = (hook["id"] for hook in hooks("GET", "list", model_name=model_name)["webhooks"] if "job_spec" in hook)
hooks("POST", "test", id=testing_hook)


def wait():
    """Until no run is active."""
    while "runs" in call("GET", "2.2/jobs/runs/list", active_only="true"):
        time.sleep(0.2)


wait()
call(
    "POST",
    "2.0/mlflow/databricks/model-versions/transition-stage",
    name=model_name,
    version=trained_version,
    stage="Staging",
    archive_existing_versions=False,
)
time.sleep(1)
wait()
stages = call("GET", "2.0/mlflow/model-versions/get", name=model_name, version=trained_version)["model_version"]
print(stages["current_stage"], requests.get(receiver_url).json())
