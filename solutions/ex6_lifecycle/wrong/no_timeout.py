# Sets no time-out, so a test that hangs hangs for ever.
# base: accepted/rest_interface.py
# fails: jobs.timeout

# %% Task 4: the test job, without end
clusters = {each["cluster_name"]: each["cluster_id"] for each in call("GET", "2.0/clusters/list")["clusters"]}
parameters = {"rows": recent_rows, "label": label, "score_key": score_key, "deploy_job_id": str(deployment)}
testing = call(
    "POST",
    "2.2/jobs/create",
    name=test_job,
    tasks=[
        {
            "task_key": "test",
            "notebook_task": {"notebook_path": test_notebook, "base_parameters": parameters},
            "existing_cluster_id": clusters[cluster_name],
        }
    ],
)["job_id"]
