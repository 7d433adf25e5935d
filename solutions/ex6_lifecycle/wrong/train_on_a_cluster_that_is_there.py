# Trains on the cluster for tests in place of one made for it.
# base: accepted/rest_interface.py
# fails: jobs.cluster

# %% Task 1: the training job, on whatever is there
training = call(
    "POST",
    "2.2/jobs/create",
    name=train_job,
    tasks=[
        {
            "task_key": "train",
            "notebook_task": {
                "notebook_path": train_notebook,
                "base_parameters": {
                    "model_name": model_name,
                    "rows": train_rows,
                    "label": label,
                    "penalty": penalty,
                },
            },
            "existing_cluster_id": call("GET", "2.0/clusters/list")["clusters"][0]["cluster_id"],
        }
    ],
    schedule={"quartz_cron_expression": f"0 {train_minute} {train_hour} * * ?", "timezone_id": timezone},
)["job_id"]
