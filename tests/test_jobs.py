"""Jobs of the lab's workspace, driven by the real databricks-sdk and by plain requests."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service import jobs as sdk_jobs
from databricks.sdk.service import ml

from tests.workspace_server import MOST_SECONDS, TOKEN, Server, refused, served

pytestmark = pytest.mark.server

JOBS = "/api/2.2/jobs"
BAD = (400, "INVALID_PARAMETER_VALUE")


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
def sdk(server: Server) -> Any:
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


def test_an_event_starts_a_run_with_its_message(lab: Lab, sdk: Any) -> None:
    path = lab.write("test.py", "dbutils.notebook.exit(dbutils.widgets.get('event_message'))")
    script = lab.write("test_script.py", "import sys; print(sys.argv[1])")
    job = lab.job(notebook(path), {"task_key": "script", "spark_python_task": {"python_file": script}})
    lab.server.model("churn", 1)
    sdk.model_registry.create_webhook(
        model_name="churn",
        events=[ml.RegistryWebhookEvent.MODEL_VERSION_TRANSITIONED_TO_STAGING],
        job_spec=ml.JobSpec(job_id=str(job), access_token=TOKEN),
    )
    lab.server.move("churn", 1, "Staging")
    lab.server.settle()
    (run,) = lab.server.get(f"{JOBS}/runs/list?job_id={job}")["runs"]
    told = lab.run(run["run_id"])
    message = json.loads(lab.output(told["tasks"][0])["notebook_output"]["result"])
    assert (message["model_name"], message["version"], message["to_stage"]) == ("churn", "1", "Staging")
    assert json.loads(lab.output(told["tasks"][1])["logs"]) == message


# How notebooks and scripts run


def test_all_forms_of_notebooks_run(lab: Lab) -> None:
    jupyter = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["x = 40\n", "x"], "execution_count": None},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": "%md text", "execution_count": None},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": "%python\nx += 2", "execution_count": None},
            {
                "cell_type": "code",
                "metadata": {},
                "outputs": [],
                "source": "dbutils.notebook.exit(x)",
                "execution_count": None,
            },
        ],
    }
    forms = {
        "forms/jupyter.ipynb": json.dumps(jupyter),
        "forms/percent.py": "# %%\nx = 42\n# %% [markdown]\n# not code\n# %% the end\ndbutils.notebook.exit(x)\n",
        "forms/plain.py": "def f():\n    return 42\n\n\ndbutils.notebook.exit(f())\n",
        "Workspace/Users/learner@example.com/source.py": "# Databricks notebook source\nx = 42\n\n"
        "# COMMAND ----------\n\n# MAGIC %sh true\n\n# COMMAND ----------\n\n"
        "# DBTITLE 1,The end\ndbutils.notebook.exit(x)\n",
        "Workspace/Shared/void.py": "# Databricks notebook source\n",
    }
    paths = [lab.write(name, text).removesuffix(".py") for name, text in forms.items()]
    paths[3:] = ["/Workspace/Users/learner@example.com/source", "/Shared/void"]
    tasks = [notebook(path, f"t{number}") for number, path in enumerate(paths)]
    told = lab.run(lab.start(lab.job(*tasks)))
    assert told["state"]["result_state"] == "SUCCESS", told["state"]
    results = [lab.output(task)["notebook_output"].get("result") for task in told["tasks"]]
    assert results == ["42", "42", "42", "42", None]


def test_a_script_gets_its_arguments(lab: Lab) -> None:
    path = lab.write(
        "scripts/train.py",
        """
        import os, sys
        from databricks.sdk.runtime import dbutils as own
        from helper import TOLD

        if __name__ == "__main__":
            print(sys.argv, os.path.basename(__file__), os.getcwd().endswith("scripts"), own is dbutils, TOLD)
            dbutils.jobs.taskValues.set("seen", len(sys.argv))
        """,
    )
    lab.write("scripts/helper.py", "TOLD = 'from beside it'")
    task = {"task_key": "main", "spark_python_task": {"python_file": path, "parameters": ["{{job.name}}", "b"]}}
    job = lab.job(task, name="scripted")
    told = lab.run(lab.start(job))
    assert told["state"]["result_state"] == "SUCCESS", told
    output = lab.output(told["tasks"][0])
    assert output["logs"] == f"['{path}', 'scripted', 'b'] train.py True True from beside it\n"
    told = lab.run(lab.start(job, python_params=["c"]))
    assert "'c']" in lab.output(told["tasks"][0])["logs"]


@pytest.mark.parametrize(
    ("code", "error", "trace"),
    [
        ("def f():\n    return 1 / 0\n\nf()", "ZeroDivisionError: division by zero", "----> 2     return 1 / 0"),
        ("1 +", "SyntaxError: invalid syntax", "----> 1 1 +"),
        ("raise ValueError('')", "ValueError", "----> 1 raise"),
        ("import os; os._exit(0)", "Fatal error: The Python kernel is unresponsive.", ""),
        ("assert 1 == 2, 'too low: \\udcff'", "AssertionError: too low: ?", ""),
    ],
    ids=["error", "syntax", "silent", "death", "half"],
)
def test_a_notebook_that_fails_says_why(lab: Lab, code: str, error: str, trace: str) -> None:
    told = lab.run(lab.start(lab.job(notebook(lab.write("failing.py", code)))))
    state = told["state"]
    assert (state["life_cycle_state"], state["result_state"]) == ("INTERNAL_ERROR", "FAILED")
    assert state["state_message"] == "Task main failed with message: Workload failed, see run output for details."
    (task,) = told["tasks"]
    assert (task["state"]["life_cycle_state"], task["state"]["result_state"]) == ("TERMINATED", "FAILED")
    output = lab.output(task)
    assert output["error"] == error
    assert trace in output.get("error_trace", "")
    assert "result" not in output["notebook_output"]


@pytest.mark.parametrize(
    ("code", "result", "error"),
    [
        ("raise KeyError('x')", "FAILED", "KeyError: 'x'"),
        ("import sys; sys.exit(3)", "FAILED", "SystemExit: 3"),
        ("import sys; sys.exit('no')", "FAILED", "SystemExit: no"),
        ("import sys; sys.exit()", "SUCCESS", None),
        ("import os; os._exit(4)", "FAILED", "SystemExit: 4"),
        ("import os; os.abort()", "FAILED", "Fatal error: The Python kernel is unresponsive."),
        ("x = (", "FAILED", "SyntaxError: '(' was never closed"),
    ],
    ids=["error", "status", "message", "exit", "hard", "abort", "syntax"],
)
def test_a_script_that_fails_says_why(lab: Lab, code: str, result: str, error: str | None) -> None:
    path = lab.write("failing_script.py", code)
    told = lab.run(lab.start(lab.job({"task_key": "main", "spark_python_task": {"python_file": path}})))
    assert told["state"]["result_state"] == result
    assert lab.output(told["tasks"][0]).get("error") == error


def test_tasks_hand_values_on(lab: Lab) -> None:
    first = lab.write(
        "first.py",
        "dbutils.jobs.taskValues.set('score', 0.75)\ndbutils.jobs.taskValues.set(key='names', value=['a', 'b'])",
    )
    second = lab.write(
        "second.py",
        """
        get = dbutils.jobs.taskValues.get
        told = [get("first", "score"), get(taskKey="first", key="names", debugValue=0), get("first", "none", default=7)]
        try:
            get("first", "none")
        except ValueError:
            told.append("none")
        import json
        dbutils.notebook.exit(json.dumps([told, dbutils.widgets.getAll()]))
        """,
    )
    base = {
        "score": "{{tasks.first.values.score}}",
        "names": "{{ tasks.first.values.names }}",
        "state": "{{tasks.first.result_state}}",
        "task": "{{task.name}}",
        "old": "{{task_key}} {{task_retry_count}}",
        "job": "{{job.id}} {{job_id}}",
        "run": "{{job.run_id}} {{parent_run_id}} {{run_id}}",
        "unknown": "{{model.name}} {{half",
        "date": "{{job.start_time.iso_date}}",
        "type": "{{job.trigger.type}}",
        "given": "{{job.parameters.env}}",
    }
    job = lab.job(
        notebook(first, "first"),
        notebook(second, "second", base={**base, "env": "base"}, depends_on=[{"task_key": "first"}]),
        parameters=[{"name": "env", "default": "dev"}, {"name": "who", "default": "{{job.name}}"}],
    )
    told = lab.run(lab.start(job, job_parameters={"env": "prod"}))
    assert told["state"]["result_state"] == "SUCCESS", [lab.output(task) for task in told["tasks"]]
    second_run = told["tasks"][1]
    values, widgets = json.loads(lab.output(second_run)["notebook_output"]["result"])
    assert values == [0.75, ["a", "b"], 7, "none"]
    run = told["run_id"]
    assert widgets == {
        "score": "0.75",
        "names": '["a", "b"]',
        "state": "success",
        "task": "second",
        "old": "second 0",
        "job": f"{job} {job}",
        "run": f"{run} {run} {second_run['run_id']}",
        "unknown": "{{model.name}} {{half",
        "date": time.strftime("%Y-%m-%d", time.gmtime(told["start_time"] / 1000)),
        "type": "one_time",
        "given": "prod",
        "env": "prod",
        "who": "job",
    }
    assert told["job_parameters"] == [
        {"name": "env", "default": "dev", "value": "prod"},
        {"name": "who", "default": "{{job.name}}", "value": "job"},
    ]


def test_one_notebook_runs_another(lab: Lab) -> None:
    lab.write("inner/child.py", "dbutils.notebook.exit('got ' + dbutils.widgets.get('x'))")
    lab.write("inner/wrong.py", "raise ValueError('inner')")
    lab.write("inner/slow.py", "import time; time.sleep(600)")
    path = lab.write(
        "outer.py",
        """
        told = [dbutils.notebook.run("./inner/child", 60, {"x": 5})]
        for name, seconds in (("inner/wrong", 60), ("inner/slow", 1), ("/Shared/nowhere", 60)):
            try:
                dbutils.notebook.run(name, seconds)
            except Exception as error:
                told.append(f"{type(error).__name__}: {error}")
        context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
        told.append(context.jobId().get() + " " + context.tags().get("runId").get())
        import json
        dbutils.notebook.exit(json.dumps(told))
        """,
    )
    told = lab.run(lab.start(lab.job(notebook(path))))
    (task,) = told["tasks"]
    assert json.loads(lab.output(task)["notebook_output"]["result"]) == [
        "got 5",
        "WorkflowException: Notebook inner/wrong failed: ValueError: inner",
        "WorkflowException: Notebook inner/slow ran for 1 s and was stopped.",
        'WorkflowException: Unable to access the notebook "/Shared/nowhere": it does not exist.',
        f"{told['job_id']} {task['run_id']}",
    ]


def test_a_notebook_takes_in_another(lab: Lab) -> None:
    lab.write("taken/helpers.py", "def double(x):\n    return 2 * x\n\n\n# %%\nwho = dbutils.widgets.get('who')")
    lab.write("taken/wrong.py", "raise ValueError('taken in')")
    code = '# %%\n%run ./helpers $who="me"\n# %%\nprint(double(21), who)\n# %%\n%run ./wrong'
    told = lab.run(lab.start(lab.job(notebook(lab.write("taken/main.py", code)))))
    assert lab.output(told["tasks"][0])["error"] == "ValueError: taken in"
    code = code.removesuffix("%run ./wrong") + "dbutils.notebook.exit(f'{double(21)} {who}')"
    told = lab.run(lab.start(lab.job(notebook(lab.write("taken/main.py", code)))))
    assert lab.output(told["tasks"][0])["notebook_output"]["result"] == "42 me"


def test_a_notebook_imports_what_lies_beside_it(lab: Lab) -> None:
    lab.write("beside/module_beside.py", "from databricks.sdk.runtime import dbutils\nTOLD = dbutils.widgets.get('x')")
    lab.write("beside/json.py", "raise ValueError('not this one')")
    code = "import module_beside\ndbutils.notebook.exit(module_beside.TOLD)"
    told = lab.run(lab.start(lab.job(notebook(lab.write("beside/main.py", code), base={"x": "1"}))))
    output = lab.output(told["tasks"][0])
    assert output["notebook_output"].get("result") == "1", output


def test_a_task_reaches_the_same_store(lab: Lab) -> None:
    path = lab.write(
        "logging.py",
        """
        import mlflow
        from databricks.sdk import WorkspaceClient
        mlflow.set_tracking_uri("databricks")
        mlflow.set_experiment("of-the-job")
        with mlflow.start_run() as run:
            mlflow.log_metric("auc", 0.5)
        dbutils.notebook.exit(run.info.run_id + " " + WorkspaceClient().current_user.me().user_name)
        """,
    )
    told = lab.run(lab.start(lab.job(notebook(path))))
    run, user = lab.output(told["tasks"][0])["notebook_output"]["result"].split()
    assert user == "learner@example.com"
    found = lab.server.get(f"runs/get?run_id={run}")["run"]
    assert found["data"]["metrics"][0]["value"] == 0.5


# Which tasks run


def job_of(lab: Lab, **tasks: tuple[str, str]) -> dict[str, str]:
    """Run notebooks by name, ``(code, more)`` each, and give their results."""
    made = []
    for key, (code, more) in tasks.items():
        extra = json.loads(more)
        extra["depends_on"] = [{"task_key": other} for other in extra.pop("after", ())]
        made.append(notebook(lab.write(f"dag/{key}.py", code), key, **extra))
    told = lab.run(lab.start(lab.job(*made)))
    results = {task["task_key"]: task["state"].get("result_state", "") for task in told["tasks"]}
    return {**results, "run": told["state"]["result_state"]}


def test_tasks_run_as_their_dependencies_allow(lab: Lab) -> None:
    good, bad = "pass", "raise ValueError('bad')"
    after = '{"after": ["good", "bad"], "run_if": "%s"}'
    told = job_of(
        lab,
        good=(good, "{}"),
        bad=(bad, "{}"),
        success=(good, after % "ALL_SUCCESS"),
        done=(good, after % "ALL_DONE"),
        none=(good, after % "NONE_FAILED"),
        one=(good, after % "AT_LEAST_ONE_SUCCESS"),
        failed=(good, after % "AT_LEAST_ONE_FAILED"),
        all=(good, after % "ALL_FAILED"),
        below=(good, '{"after": ["success"]}'),
    )
    assert told == {
        "good": "SUCCESS",
        "bad": "FAILED",
        "success": "UPSTREAM_FAILED",
        "done": "SUCCESS",
        "none": "UPSTREAM_FAILED",
        "one": "SUCCESS",
        "failed": "SUCCESS",
        "all": "EXCLUDED",
        "below": "UPSTREAM_FAILED",
        "run": "FAILED",
    }


def test_a_failure_that_was_seen_to_is_success_with_failures(lab: Lab) -> None:
    told = job_of(
        lab, bad=("raise ValueError()", "{}"), mend=("pass", '{"after": ["bad"], "run_if": "AT_LEAST_ONE_FAILED"}')
    )
    assert told == {"bad": "FAILED", "mend": "SUCCESS", "run": "SUCCESS_WITH_FAILURES"}


def test_conditions_choose_between_tasks(lab: Lab) -> None:
    score = lab.write("score.py", "dbutils.jobs.taskValues.set('auc', 0.9)")
    gate = {
        "task_key": "gate",
        "condition_task": {"op": "GREATER_THAN", "left": "{{tasks.score.values.auc}}", "right": "0.8"},
        "depends_on": [{"task_key": "score"}],
    }
    done = lab.write("done.py", "pass")
    job = lab.job(
        notebook(score, "score"),
        gate,
        notebook(done, "good", depends_on=[{"task_key": "gate", "outcome": "true"}]),
        notebook(done, "bad", depends_on=[{"task_key": "gate", "outcome": "false"}]),
    )
    told = lab.run(lab.start(job))
    results = {task["task_key"]: task["state"]["result_state"] for task in told["tasks"]}
    assert results == {"score": "SUCCESS", "gate": "SUCCESS", "good": "SUCCESS", "bad": "EXCLUDED"}
    assert told["tasks"][1]["condition_task"]["outcome"] == "true"
    assert told["state"]["result_state"] == "SUCCESS"


def test_a_task_is_tried_again(lab: Lab) -> None:
    path = lab.write(
        "flaky.py",
        """
        import pathlib
        mark = pathlib.Path("flaky.mark")
        if not mark.exists():
            mark.touch()
            raise OSError("not yet")
        dbutils.notebook.exit(dbutils.widgets.get("attempt"))
        """,
    )
    job = lab.job(
        notebook(path, max_retries=2, min_retry_interval_millis=100, base={"attempt": "{{task.execution_count}}"})
    )
    told = lab.run(lab.start(job))
    first, second = told["tasks"]
    assert (first["attempt_number"], first["state"]["result_state"]) == (0, "FAILED")
    assert (second["attempt_number"], second["state"]["result_state"]) == (1, "SUCCESS")
    assert second["original_attempt_run_id"] == first["run_id"]
    assert lab.output(second)["notebook_output"]["result"] == "2"
    assert told["state"]["result_state"] == "SUCCESS"


def test_a_job_runs_another(lab: Lab) -> None:
    path = lab.write("shown.py", "dbutils.notebook.exit(dbutils.widgets.get('env'))")
    inner = lab.job(notebook(path), parameters=[{"name": "env", "default": "dev"}])
    outer = lab.job(
        {"task_key": "other", "run_job_task": {"job_id": inner, "job_parameters": {"env": "{{job.name}}"}}},
        name="outer",
    )
    told = lab.run(lab.start(outer))
    assert told["state"]["result_state"] == "SUCCESS"
    child = lab.run(lab.output(told["tasks"][0])["run_job_output"]["run_id"])
    assert (child["trigger"], child["trigger_info"]) == ("RUN_JOB_TASK", {"run_id": told["tasks"][0]["run_id"]})
    assert lab.output(child["tasks"][0])["notebook_output"]["result"] == "outer"


# What may go wrong


def test_a_loop_ends_with_its_time(lab: Lab) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '4321'])\nprint('begun', flush=True)\nwhile True: pass"
    path = lab.write("loop.py", code)
    job = lab.job(notebook(path, timeout_seconds=3, max_retries=1))
    told = lab.run(lab.start(job))
    (task,) = told["tasks"]  # a time-out alone is not tried again
    assert task["state"]["result_state"] == "TIMEDOUT" and task["state"]["user_cancelled_or_timedout"]
    assert told["state"]["result_state"] == "FAILED"
    assert not [each for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"] == ["sleep", "4321"]]


def test_a_job_ends_with_its_time(lab: Lab) -> None:
    path = lab.write("endless.py", "import time\nwhile True: time.sleep(1)")
    job = lab.job(
        notebook(path, "a"),
        notebook(path, "b", depends_on=[{"task_key": "a"}], retry_on_timeout=True),
        timeout_seconds=2,
    )
    told = lab.run(lab.start(job))
    assert told["state"]["result_state"] == "TIMEDOUT"
    assert [task["state"]["result_state"] for task in told["tasks"]] == ["TIMEDOUT", "TIMEDOUT"]


def test_a_run_is_cancelled(lab: Lab, sdk: Any) -> None:
    script = lab.write("endless_script.py", "print('begun', flush=True)\nwhile True: pass")
    job = lab.job({"task_key": "main", "spark_python_task": {"python_file": script}}, queue={"enabled": True})
    run, waiting = lab.start(job), lab.start(job)
    assert lab.server.get(f"{JOBS}/runs/get?run_id={waiting}")["status"]["state"] == "QUEUED"
    while lab.server.get(f"{JOBS}/runs/get?run_id={run}")["status"]["state"] != "RUNNING":
        time.sleep(0.05)
    time.sleep(1)
    told = sdk.jobs.cancel_run_and_wait(run)
    assert told.state.result_state is sdk_jobs.RunResultState.CANCELED
    assert told.status.termination_details.code is sdk_jobs.TerminationCodeCode.USER_CANCELED
    assert sdk.jobs.get_run_output(told.tasks[0].run_id).logs == "begun\n"
    while lab.server.get(f"{JOBS}/runs/get?run_id={waiting}")["status"]["state"] != "RUNNING":
        time.sleep(0.05)
    sdk.jobs.cancel_all_runs(job_id=job)
    assert lab.run(waiting)["state"]["result_state"] == "CANCELED"
    sdk.jobs.cancel_run(run)  # over already: nothing happens


def test_a_job_that_is_deleted_takes_its_runs_along(lab: Lab) -> None:
    path = lab.write("endless.py", "import time\nwhile True: time.sleep(1)")
    job = lab.job(notebook(path))
    run = lab.start(job)
    lab.server.post(f"{JOBS}/delete", {"job_id": job})
    told = lab.run(run)
    assert told["state"]["result_state"] == "CANCELED"
    gone = lab.server.call("GET", f"{JOBS}/get?job_id={job}")
    assert refused(gone) == BAD and gone.json()["message"] == f"Job {job} does not exist."
    assert "runs" not in lab.server.get(f"{JOBS}/runs/list?job_id={job}")


def test_a_job_that_starts_itself_is_skipped(lab: Lab) -> None:
    path = lab.write(
        "again.py",
        """
        from databricks.sdk import WorkspaceClient
        client = WorkspaceClient()
        run = client.jobs.run_now(int(dbutils.widgets.get("job"))).response.run_id
        dbutils.notebook.exit(client.jobs.get_run(run).state.life_cycle_state.value)
        """,
    )
    job = lab.job(notebook(path, base={"job": "{{job.id}}"}))
    told = lab.run(lab.start(job))
    assert lab.output(told["tasks"][0])["notebook_output"]["result"] == "SKIPPED"
    second = lab.server.get(f"{JOBS}/runs/list?job_id={job}")["runs"][0]
    assert second["state"]["result_state"] == "MAXIMUM_CONCURRENT_RUNS_REACHED"


def test_jobs_that_run_themselves_come_to_an_end(lab: Lab) -> None:
    job = lab.job(notebook(lab.write("void.py", "pass")), max_concurrent_runs=1000)
    lab.server.post(
        f"{JOBS}/reset",
        {
            "job_id": job,
            "new_settings": {
                "tasks": [{"task_key": "me", "run_job_task": {"job_id": job}}],
                "max_concurrent_runs": 1000,
            },
        },
    )
    told = lab.run(lab.start(job))
    assert told["state"]["result_state"] == "FAILED"
    assert len(lab.server.get(f"{JOBS}/runs/list?job_id={job}")["runs"]) == 4


def test_no_more_runs_than_a_lab_takes(lab: Lab) -> None:
    server = lab.server
    path = lab.write("endless.py", "import time\nwhile True: time.sleep(1)")
    job = lab.job(notebook(path), max_concurrent_runs=1000)
    for _ in range(100):
        lab.start(job)
    answer = server.call("POST", f"{JOBS}/run-now", json={"job_id": job})
    assert refused(answer) == (429, "RESOURCE_EXHAUSTED")
    server.post(f"{JOBS}/runs/cancel-all", {"job_id": job})
    while server.get("/lab/status")["active_runs"]:
        time.sleep(0.05)
    again = lab.start(job)
    server.post(f"{JOBS}/runs/cancel", {"run_id": again})
    lab.run(again)


def test_a_lab_has_runs_for_its_whole_life_and_no_more(lab: Lab) -> None:
    job = lab.job(notebook(lab.write("void.py", "pass")))
    run = lab.start(job)
    lab.run(run)
    columns = "job_id, run_type, run_name, trigger, source, settings, given, job_parameters, state, created_ms"
    with contextlib.closing(sqlite3.connect(lab.server.root / "workspace.db", timeout=60)) as database:
        try:
            with database:  # all but one
                database.execute(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
                    f"INSERT INTO job_runs (run_id, end_ms, {columns}) SELECT i, 1, {columns} FROM n, job_runs "
                    "WHERE run_id = ? LIMIT 999 - (SELECT count(*) FROM job_runs)",
                    (run,),
                )
            lab.run(lab.start(job))
            answer = lab.server.call("POST", f"{JOBS}/run-now", json={"job_id": job})
            assert refused(answer) == (400, "QUOTA_EXCEEDED")
        finally:
            with database:  # other tests have runs too
                database.execute("DELETE FROM job_runs WHERE run_id < 1000")


def test_a_task_that_meddles_with_its_own_result(lab: Lab) -> None:
    code = """
        import json, os, pathlib
        (folder,) = pathlib.Path(".jobs").iterdir()
        (folder / "values.json").write_text('[1]')
        (folder / "result.json").write_text(json.dumps({"status": "exit", "value": [1], "logs": {}, "error": 7}))
        os.killpg(0, 9)
        """
    task = {"task_key": "main", "spark_python_task": {"python_file": lab.write("meddler.py", code)}}
    told = lab.run(lab.start(lab.job(task)))
    assert told["state"]["result_state"] == "SUCCESS"
    code = "import os; os.killpg(0, 9)"
    told = lab.run(lab.start(lab.job({**task, "spark_python_task": {"python_file": lab.write("killer.py", code)}})))
    assert lab.output(told["tasks"][0])["error"] == "The task's process ended without a result."
    assert told["tasks"][0]["status"]["termination_details"]["code"] == "DRIVER_ERROR"


def test_a_flood_of_output_ends_the_task(lab: Lab) -> None:
    flood = "for _ in range(10**6): print('x' * 10_000)"
    told = lab.run(lab.start(lab.job(notebook(lab.write("flood.py", flood)))))
    assert lab.output(told["tasks"][0])["error"] == "The output of the notebook is too large."
    path = lab.write("flood_script.py", "for number in range(400): print('x' * 10_000)\nprint('end')")
    told = lab.run(lab.start(lab.job({"task_key": "main", "spark_python_task": {"python_file": path}})))
    output = lab.output(told["tasks"][0])
    assert output["logs_truncated"] and len(output["logs"]) == 1 << 20 and output["logs"].endswith("x\nend\n")


def test_a_notebook_that_is_not_there_fails_when_it_is_run(lab: Lab) -> None:
    told = lab.run(lab.start(lab.job(notebook("/Shared/nowhere"))))
    (task,) = told["tasks"]
    for state in (told["state"], task["state"]):
        assert (state["life_cycle_state"], state["result_state"]) == ("INTERNAL_ERROR", "FAILED")
        assert 'Unable to access the notebook "/Shared/nowhere". Either it does not exist' in state["state_message"]
    assert task["status"]["termination_details"]["code"] == "RESOURCE_NOT_FOUND"


def test_a_notebook_of_many_megabytes_is_not_run(lab: Lab) -> None:
    path = lab.write("large.py", "#" * (11 << 20))
    told = lab.run(lab.start(lab.job(notebook(path))))
    assert "more than" in told["state"]["state_message"]


def test_a_reference_to_nothing_fails_when_it_is_run(lab: Lab) -> None:
    path = lab.write("void.py", "pass")
    told = lab.run(lab.start(lab.job(notebook(path, base={"x": "{{tasks.main.values.nothing}}"}))))
    assert "{{tasks.main.values.nothing}}" in told["tasks"][0]["state"]["state_message"]
    assert told["tasks"][0]["status"]["termination_details"]["code"] == "INVALID_RUN_CONFIGURATION"
