# Gives the test job another name.
# base: accepted/rest_interface.py
# fails: jobs.test jobs.shared jobs.timeout triggers.start triggers.only chain.tested

# %% Task 4: the test job, under another name
clusters = {each["cluster_name"]: each["cluster_id"] for each in call("GET", "2.0/clusters/list")["clusters"]}
parameters = {"rows": recent_rows, "label": label, "score_key": score_key, "deploy_job_id": str(deployment)}
testing = call(
    "POST",
    "2.2/jobs/create",
    name="test",
    tasks=[
        {
            "task_key": "test",
            "notebook_task": {"notebook_path": test_notebook, "base_parameters": parameters},
            "existing_cluster_id": clusters[cluster_name],
            "timeout_seconds": timeout_seconds,
        }
    ],
)["job_id"]
