# Takes the runtime and the machine from a guide of years ago.
# base: accepted/rest_interface.py
# fails: jobs.cluster

# %% Task 1: the training job, as it was once
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
            "new_cluster": {
                "spark_version": "10.4.x-cpu-ml-scala2.12",
                "node_type_id": "Standard_DS3_v2",
                "num_workers": 2,
            },
        }
    ],
    schedule={"quartz_cron_expression": f"0 {train_minute} {train_hour} * * ?", "timezone_id": timezone},
)["job_id"]
