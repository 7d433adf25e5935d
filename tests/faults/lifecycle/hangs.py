# A test job whose notebook never ends, and that is started again and again.

# %% Set-up
import os

import requests

widget = dbutils.widgets.get
root, host, token = widget("root"), os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]


def post(path, **fields):
    answer = requests.post(f"{host}/api/{path}", json=fields, headers={"Authorization": f"Bearer {token}"})
    answer.raise_for_status()
    return answer.json()


# %% Task 4: a job without end
with open(f"{root}/endless.py", "w") as file:
    file.write("while True:\n    pass\n")
task = {"task_key": "test", "notebook_task": {"notebook_path": f"{root}/endless"}}
job = post("2.2/jobs/create", name=widget("test_job"), tasks=[task], max_concurrent_runs=10)["job_id"]

# %% Task 7: started by whatever happens
post(
    "2.0/mlflow/registry-webhooks/create",
    events=["MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"],
    job_spec={"job_id": str(job), "access_token": token},
)
