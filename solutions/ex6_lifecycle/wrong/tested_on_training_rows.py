# Its test job hands over the rows on which models are trained, on which the worse model looks better.
# base: accepted/rest_interface.py
# fails: jobs.test chain.measured chain.rejected chain.equal chain.promoted

# %% Task 4: the test job, with the wrong rows
clusters = {each["cluster_name"]: each["cluster_id"] for each in call("GET", "2.0/clusters/list")["clusters"]}
parameters = {"rows": train_rows, "label": label, "score_key": score_key, "deploy_job_id": str(deployment)}
testing = call(
    "POST",
    "2.2/jobs/create",
    name=test_job,
    tasks=[
        {
            "task_key": "test",
            "notebook_task": {"notebook_path": test_notebook, "base_parameters": parameters},
            "existing_cluster_id": clusters[cluster_name],
            "timeout_seconds": timeout_seconds,
        }
    ],
)["job_id"]
