# Names all seven days of the week in the schedule, by ranges that wrap.
# base: accepted/rest_interface.py
# fails: nothing

# %% Task 1: the training job, due on each day of the week
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
            "new_cluster": {"spark_version": runtime, "node_type_id": node_type, "num_workers": workers},
        }
    ],
    schedule={
        "quartz_cron_expression": f"0 {train_minute} {train_hour} ? * FRI-MON,TUE,WED-THU *",
        "timezone_id": timezone,
    },
)["job_id"]
