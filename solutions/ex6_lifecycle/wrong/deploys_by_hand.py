# Moves the version itself, without the job.
# base: accepted/rest_interface.py
# fails: runs.deployed

# %% Task 6: no run of the job
for path, fields in (
    ("model-versions/set-tag", {"key": run_key, "value": str(deployment)}),
    ("databricks/model-versions/transition-stage", {"stage": "Production", "archive_existing_versions": True}),
):
    call("POST", f"2.0/mlflow/{path}", name=redeploy_model, version=redeploy_version, **fields)
