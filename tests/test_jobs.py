"""Jobs of the lab's workspace, driven by the real databricks-sdk and by plain requests."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from tests.workspace_server import MOST_SECONDS, TOKEN, Server, served

JOBS = "/api/2.2/jobs"


class Lab:
    """A workspace with files, and what tests do with its jobs."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def write(self, name: str, text: str) -> str:
        """A notebook or script in the lab's folder; its path."""
        file = self.server.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))
        return str(file)

    def job(self, *tasks: dict[str, Any], **more: Any) -> int:
        """A job of these tasks."""
        made: int = self.server.post(f"{JOBS}/create", {"name": "job", "tasks": list(tasks), **more})["job_id"]
        return made

    def start(self, job: int, **more: Any) -> int:
        """A run of a job."""
        made: int = self.server.post(f"{JOBS}/run-now", {"job_id": job, **more})["run_id"]
        return made

    def run(self, run: int) -> dict[str, Any]:
        """A run, once it is over."""
        deadline = time.monotonic() + MOST_SECONDS
        while True:
            told: dict[str, Any] = self.server.get(f"{JOBS}/runs/get?run_id={run}")
            if told["status"]["state"] == "TERMINATED":
                return told
            assert time.monotonic() < deadline, told
            time.sleep(0.05)

    def output(self, task: dict[str, Any]) -> dict[str, Any]:
        """What a task run left."""
        told: dict[str, Any] = self.server.get(f"{JOBS}/runs/get-output?run_id={task['run_id']}")
        return told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("jobs")) as server:
        yield server


@pytest.fixture
def lab(server: Server) -> Lab:
    return Lab(server)


@pytest.fixture(scope="module")
def sdk(server: Server) -> WorkspaceClient:
    return WorkspaceClient(host=server.host, token=TOKEN)


def notebook(path: str, key: str = "main", **more: Any) -> dict[str, Any]:
    """A notebook task; its parameters as ``base``."""
    base = more.pop("base", {})
    return {"task_key": key, "notebook_task": {"notebook_path": path, "base_parameters": base}, **more}


def test_a_notebook_gets_its_parameters_and_leaves_a_value(lab: Lab) -> None:
    path = lab.write(
        "train.py",
        """
        # Databricks notebook source
        # MAGIC %md # Train

        # COMMAND ----------

        dbutils.widgets.text("alpha", "0")
        dbutils.widgets.text("beta", "3")
        print("training")

        # COMMAND ----------

        dbutils.notebook.exit(dbutils.widgets.get("alpha") + "/" + dbutils.widgets.get("beta"))

        # COMMAND ----------

        raise ValueError("never run")
        """,
    )
    job = lab.job(notebook(path.removesuffix(".py"), base={"alpha": "1"}))
    told = lab.run(lab.start(job))
    assert told["state"]["result_state"] == "SUCCESS", told
    (task,) = told["tasks"]
    assert lab.output(task)["notebook_output"] == {"result": "1/3", "truncated": False}
    told = lab.run(lab.start(job, notebook_params={"alpha": "2"}))
    assert lab.output(told["tasks"][0])["notebook_output"]["result"] == "2/3"


def test_an_event_starts_a_run_with_its_message(lab: Lab, sdk: WorkspaceClient) -> None:
    path = lab.write("test.py", "dbutils.notebook.exit(dbutils.widgets.get('event_message'))")
    job = lab.job(notebook(path))
    lab.server.model("churn", 1)
    lab.server.hook(
        "MODEL_VERSION_TRANSITIONED_TO_STAGING",
        model_name="churn",
        job_spec={"job_id": str(job), "access_token": TOKEN},
    )
    lab.server.move("churn", 1, "Staging")
    lab.server.settle()
    (run,) = lab.server.get(f"{JOBS}/runs/list?job_id={job}")["runs"]
    told = lab.run(run["run_id"])
    message = json.loads(lab.output(told["tasks"][0])["notebook_output"]["result"])
    assert (message["model_name"], message["version"], message["to_stage"]) == ("churn", "1", "Staging")
