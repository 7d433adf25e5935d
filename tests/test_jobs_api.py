"""The Jobs API of the lab's workspace: what is taken, refused, shown and kept; its files and clusters; restarts."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    BadRequest,
    InvalidParameterValue,
    OperationFailed,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)
from databricks.sdk.service import compute, workspace
from databricks.sdk.service import jobs as sdk_jobs

from tests.test_jobs import BAD, JOBS, Lab, notebook
from tests.workspace_server import TOKEN, Server, refused, served

pytestmark = pytest.mark.server

MALFORMED = (400, "MALFORMED_REQUEST")
ABSENT = (501, "NOT_IMPLEMENTED")
PATH = "/Shared/any"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("jobs_api")) as server:
        yield server


@pytest.fixture
def mortal(server: Server) -> Iterator[Server]:
    """The server that tests share, for one that ends it: it runs again for the others."""
    yield server
    server.revive()


@pytest.fixture
def lab(server: Server) -> Lab:
    return Lab(server)


@pytest.fixture(scope="module")
def sdk(server: Server) -> Any:
    return WorkspaceClient(host=server.host, token=TOKEN)


# What is refused


def with_task(**more: Any) -> dict[str, Any]:
    return {"tasks": [{**notebook(PATH), **more}]}


NEW = {"spark_version": "15.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 1}


def with_cluster(**more: Any) -> dict[str, Any]:
    return with_task(new_cluster={name: value for name, value in {**NEW, **more}.items() if value is not None})


def with_schedule(expression: str, zone: str = "UTC") -> dict[str, Any]:
    return {**with_task(), "schedule": {"quartz_cron_expression": expression, "timezone_id": zone}}


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str], str]] = {
    "unknown field": ({"nmae": "x"}, MALFORMED, "unknown field 'nmae' of settings"),
    "unknown field of a task": (with_task(notebook="x"), MALFORMED, "unknown field 'notebook' of settings.tasks"),
    "number for a name": ({"name": 1.5}, MALFORMED, "Expected 'VALUE_STRING' not 'VALUE_NUMBER_FLOAT'"),
    "object for tasks": ({"tasks": {}}, MALFORMED, "Expected 'START_ARRAY' not 'START_OBJECT'"),
    "list for parameters": (
        with_task(notebook_task={"notebook_path": PATH, "base_parameters": ["x"]}),
        MALFORMED,
        "Expected 'START_OBJECT' not 'START_ARRAY' for field 'settings.tasks.notebook_task.base_parameters'",
    ),
    "object for a parameter": (
        with_task(notebook_task={"notebook_path": PATH, "base_parameters": {"x": {}}}),
        MALFORMED,
        "settings.tasks.notebook_task.base_parameters.x",
    ),
    "text for a truth": (with_task(retry_on_timeout="yes"), MALFORMED, "VALUE_BOOLEAN"),
    "no key": (
        {"tasks": [{"notebook_task": {"notebook_path": PATH}}]},
        BAD,
        "Missing required field: settings.tasks.task_key",
    ),
    "wrong key": (with_task(task_key="a b"), BAD, "task_key"),
    "long key": (with_task(task_key="a" * 101), BAD, "task_key"),
    "two of a key": ({"tasks": [notebook(PATH), notebook(PATH)]}, BAD, "Duplicate task_key 'main'"),
    "no path": (with_task(notebook_task={}), BAD, "Missing required field: settings.tasks.notebook_task.notebook_path"),
    "relative path": ({"tasks": [notebook("train")]}, BAD, "must begin with '/'"),
    "path that leads out": ({"tasks": [notebook("/Shared/../../etc/passwd")]}, BAD, "'..'"),
    "script that leads out": (
        {"tasks": [{"task_key": "a", "spark_python_task": {"python_file": "file:/etc/passwd"}}]},
        BAD,
        "outside of the lab",
    ),
    "script in a cloud": (
        {"tasks": [{"task_key": "a", "spark_python_task": {"python_file": "s3://a/b.py"}}]},
        BAD,
        "no cloud storage",
    ),
    "no kind": ({"tasks": [{"task_key": "a"}]}, BAD, "exactly one of"),
    "two kinds": (with_task(run_job_task={"job_id": 1}), BAD, "more than one"),
    "absent kind": ({"tasks": [{"task_key": "a", "sql_task": {}}]}, ABSENT, "sql_task"),
    "git": ({**with_task(), "git_source": {}}, ABSENT, "git_source"),
    "itself": (
        with_task(depends_on=[{"task_key": "main"}]),
        BAD,
        "task 'main' can not reference itself.",
    ),
    "unknown dependency": (with_task(depends_on=[{"task_key": "b"}]), BAD, "'b', which does not exist"),
    "cycle": (
        {"tasks": [notebook(PATH, a, depends_on=[{"task_key": b}]) for a, b in ("ab", "bc", "ca")]},
        BAD,
        "it contains a cycle",
    ),
    "outcome of a notebook": (
        {"tasks": [notebook(PATH, "a"), notebook(PATH, "b", depends_on=[{"task_key": "a", "outcome": "true"}])]},
        BAD,
        "no condition task",
    ),
    "run if": (with_task(run_if="SOMETIMES"), BAD, "SOMETIMES"),
    "negative time": (with_task(timeout_seconds=-1), BAD, "timeout_seconds"),
    "too many at once": ({**with_task(), "max_concurrent_runs": 1001}, BAD, "between 0 and 1000"),
    "long name": ({"name": "ü" * 2049}, BAD, "4098 bytes"),
    "half a character": ({"name": "\ud800"}, BAD, "no text"),
    "two parameters": ({"parameters": [{"name": "a"}, {"name": "a"}]}, BAD, "Duplicate"),
    "wrong parameter": ({"parameters": [{"name": "a b", "default": ""}]}, BAD, "settings.parameters.name"),
    "unknown cluster": (
        with_task(existing_cluster_id="1234-567890-abc"),
        BAD,
        "Cluster 1234-567890-abc does not",
    ),
    "unknown job cluster": (
        with_task(job_cluster_key="pool"),
        BAD,
        "'pool' is not defined in field 'job_clusters'",
    ),
    "two clusters": (with_task(existing_cluster_id="0101-000000-lab00001", new_cluster=NEW), BAD, "Only one of"),
    "no size": (with_cluster(num_workers=None), BAD, "Missing required field: settings.tasks.new_cluster.size"),
    "no runtime": (with_cluster(spark_version=None), BAD, "spark_version"),
    "wrong runtime": (with_cluster(spark_version="latest"), BAD, "Invalid spark version latest."),
    "wrong node": (with_cluster(node_type_id="large"), BAD, "Node type large is not supported."),
    "wrong scale": (
        with_cluster(num_workers=None, autoscale={"min_workers": 3, "max_workers": 2}),
        BAD,
        "min_workers must not be greater",
    ),
    "two sizes": (with_cluster(autoscale={"min_workers": 1, "max_workers": 2}), BAD, "Only one of"),
    "cron of Unix": (with_schedule("0 2 * * *"), BAD, "it has 5 fields"),
    "daily": (with_schedule("@daily"), BAD, "@daily"),
    "hour": (with_schedule("0 0 24 * * ?"), BAD, "hours"),
    "two days": (with_schedule("0 0 2 * * *"), BAD, "exactly one of day of month and day of week"),
    "past": (
        with_schedule("0 1 0 8 Apr ? 2021"),
        BAD,
        "0 1 0 8 Apr ? 2021 will never fire.",
    ),
    "zone": (with_schedule("0 0 2 * * ?", "Mars/Olympus"), BAD, "Invalid timezone"),
    "zone that leads out": (with_schedule("0 0 2 * * ?", "../../etc/passwd"), BAD, "Invalid timezone"),
    "no zone": ({"schedule": {"quartz_cron_expression": "0 0 2 * * ?"}}, BAD, "timezone_id"),
    "schedule and trigger": ({**with_schedule("0 0 2 * * ?"), "trigger": {}}, BAD, "Only one of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_no_job_is_refused(server: Server, name: str) -> None:
    body, expected, words = REFUSED[name]
    for version in ("2.1", "2.2"):
        answer = server.call("POST", f"/api/{version}/jobs/create", data=json.dumps(body))
        assert refused(answer) == expected and words in answer.json()["message"], answer.text


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 2 * * ?",
        "20 30 * * * ?",
        "0 0/15 8-17 ? * MON-FRI",
        "0 0 12 L * ?",
        "0 15 10 ? * 6#3",
        "0 15 10 LW * ?",
        "0 15 10 ? JAN,JUL SUNL 2099",
        "*/10 * * ? * * 2026-2199",
    ],
)
def test_schedules_are_kept_and_never_waited_for(lab: Lab, expression: str) -> None:
    zone = "Europe/Berlin"
    job = lab.job(notebook(PATH), schedule={"quartz_cron_expression": expression, "timezone_id": zone})
    schedule = lab.server.get(f"{JOBS}/get?job_id={job}")["settings"]["schedule"]
    assert schedule == {"quartz_cron_expression": expression, "timezone_id": zone, "pause_status": "UNPAUSED"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b"\xff"])
@pytest.mark.parametrize("path", ["create", "run-now", "runs/submit", "update"])
def test_what_is_no_json_object_is_told(server: Server, path: str, body: bytes) -> None:
    assert refused(server.call("POST", f"{JOBS}/{path}", data=body)) == MALFORMED


def test_what_is_not_there_is_told(server: Server) -> None:
    for method, path, body in (
        ("GET", "get?job_id=1", None),
        ("POST", "delete", {"job_id": 1}),
        ("POST", "update", {"job_id": "1", "new_settings": {}}),
        ("POST", "reset", {"job_id": 1, "new_settings": {}}),
        ("POST", "run-now", {"job_id": 1}),
        ("POST", "runs/cancel-all", {"job_id": 1}),
    ):
        answer = server.call(method, f"{JOBS}/{path}", json=body)
        assert refused(answer) == BAD and answer.json()["message"] == "Job 1 does not exist."
    for method, path in (
        ("GET", "runs/get"),
        ("GET", "runs/get-output"),
        ("POST", "runs/cancel"),
        ("POST", "runs/delete"),
    ):
        given: dict[str, Any] = {"json" if method == "POST" else "params": {"run_id": 1}}
        answer = server.call(method, f"{JOBS}/{path}", **given)
        assert refused(answer) == BAD and answer.json()["message"] == "Run 1 does not exist."
    assert refused(server.call("GET", f"{JOBS}/get")) == BAD
    assert refused(server.call("GET", f"{JOBS}/get?job_id=x")) == MALFORMED
    assert refused(server.call("POST", f"{JOBS}/runs/repair", json={})) == (404, "ENDPOINT_NOT_FOUND")
    assert refused(server.call("GET", f"{JOBS}/list", token=None)) == (401, "401")


def test_what_a_run_can_not_be_started_with(lab: Lab) -> None:
    job = lab.job(notebook(PATH))
    for more, words in (
        ({"notebook_params": {"a": "x" * 10_000}}, "10000"),
        ({"python_params": ["ü"]}, "ASCII"),
        ({"notebook_params": {"a": "1"}, "jar_params": ["1"]}, "conjunction"),
        ({"notebook_params": {"a": "1"}, "job_parameters": {"b": "1"}}, "conjunction"),
        ({"only": ["other"]}, "no task 'other'"),
        ({"idempotency_token": "x" * 65}, "64"),
    ):
        answer = lab.server.call("POST", f"{JOBS}/run-now", json={"job_id": job, **more})
        assert refused(answer) == BAD and words in answer.json()["message"]
    empty = lab.server.post(f"{JOBS}/create", {})["job_id"]
    assert refused(lab.server.call("POST", f"{JOBS}/run-now", json={"job_id": empty})) == BAD
    assert refused(lab.server.call("POST", f"{JOBS}/runs/submit", json={})) == BAD


# What is shown


def test_a_job_is_shown_as_it_was_made(lab: Lab, sdk: Any) -> None:
    pool: Any = sdk_jobs.JobCluster(
        job_cluster_key="pool",
        new_cluster=compute.ClusterSpec(
            spark_version=sdk.clusters.select_spark_version(long_term_support=True, ml=True),
            node_type_id=sdk.clusters.select_node_type(local_disk=True),
            autoscale=compute.AutoScale(min_workers=1, max_workers=2),
        ),
    )
    train = sdk_jobs.Task(
        task_key="train",
        description="Trains",
        job_cluster_key="pool",
        notebook_task=sdk_jobs.NotebookTask(notebook_path=PATH, base_parameters={"alpha": "1"}),
        max_retries=1,
    )
    check = sdk_jobs.Task(
        task_key="check",
        depends_on=[sdk_jobs.TaskDependency("train")],
        run_if=sdk_jobs.RunIf.ALL_DONE,
        existing_cluster_id=next(iter(sdk.clusters.list())).cluster_id,
        spark_python_task=sdk_jobs.SparkPythonTask(python_file="/Shared/check.py", parameters=["{{job.id}}"]),
    )
    made = sdk.jobs.create(
        name="Nightly",
        tasks=[train, check],
        job_clusters=[pool],
        tags={"team": "ml"},
        parameters=[sdk_jobs.JobParameterDefinition("env", "dev")],
        email_notifications=sdk_jobs.JobEmailNotifications(on_failure=["a@example.com"]),
        schedule=sdk_jobs.CronSchedule("0 0 2 * * ?", "UTC", sdk_jobs.PauseStatus.PAUSED),
    )
    shown = sdk.jobs.get(made.job_id)
    settings = shown.settings
    assert (shown.job_id, shown.creator_user_name, settings.name) == (made.job_id, "learner@example.com", "Nightly")
    assert settings.max_concurrent_runs == 1 and settings.format is sdk_jobs.Format.MULTI_TASK
    one, other = settings.tasks
    assert one.notebook_task.source is sdk_jobs.Source.WORKSPACE and one.notebook_task.base_parameters == {"alpha": "1"}
    assert one.max_retries == 1 and one.run_if is sdk_jobs.RunIf.ALL_SUCCESS
    assert other.depends_on == [sdk_jobs.TaskDependency("train")] and other.run_if is sdk_jobs.RunIf.ALL_DONE
    (kept,) = settings.job_clusters
    assert kept.new_cluster.autoscale == pool.new_cluster.autoscale and kept.job_cluster_key == "pool"
    assert settings.tags == {"team": "ml"}
    assert settings.schedule.pause_status is sdk_jobs.PauseStatus.PAUSED
    with pytest.raises(ResourceDoesNotExist):
        sdk.jobs.get(1)
    assert [job.job_id for job in sdk.jobs.list(name="nightly")] == [made.job_id]
    assert next(iter(sdk.jobs.list(name="NIGHTLY", expand_tasks=True))).settings.tasks == [one, other]
    sdk.jobs.delete(made.job_id)
    assert list(sdk.jobs.list(name="nightly")) == []
    with pytest.raises(InvalidParameterValue):
        sdk.jobs.delete(made.job_id)


def test_jobs_are_listed_in_pages(server: Server, lab: Lab, sdk: Any) -> None:
    for job in list(sdk.jobs.list()):  # those of other tests
        sdk.jobs.delete(job.job_id)
    assert server.get(f"{JOBS}/list") == {"has_more": False}
    made = [lab.job(name=f"job {number}") for number in range(45)][::-1]
    assert [job.job_id for job in sdk.jobs.list()] == made
    assert [job.job_id for job in sdk.jobs.list(limit=7)] == made
    first = server.get("/api/2.1/jobs/list")
    assert [job["job_id"] for job in first["jobs"]] == made[:20] and first["has_more"]
    assert "prev_page_token" not in first
    second = server.get(f"/api/2.1/jobs/list?page_token={first['next_page_token']}")
    assert [job["job_id"] for job in second["jobs"]] == made[20:40]
    back = server.get(f"/api/2.1/jobs/list?page_token={second['prev_page_token']}")
    assert back["jobs"] == first["jobs"]
    assert [job["job_id"] for job in server.get(f"{JOBS}/list?offset=40")["jobs"]] == made[40:]
    for query in ("limit=0", "limit=101", "offset=1001", "page_token=x", "page_token=b2xkZXI6eA=="):
        assert refused(server.call("GET", f"{JOBS}/list?{query}")) == BAD


def test_many_tasks_are_shown_in_pages(lab: Lab, sdk: Any) -> None:
    tasks = [notebook(PATH, f"t{number}") for number in range(150)]
    answer = lab.server.call("POST", "/api/2.1/jobs/create", json={"tasks": tasks})
    assert refused(answer) == BAD and "at most 100" in answer.json()["message"]
    job = lab.job(*tasks)
    first = lab.server.get(f"{JOBS}/get?job_id={job}")
    assert len(first["settings"]["tasks"]) == 100 and first["has_more"]
    assert len(sdk.jobs.get(job).settings.tasks) == 150


def test_a_job_is_changed_in_parts(lab: Lab) -> None:
    job = lab.job(
        notebook(PATH, "a"),
        notebook(PATH, "b", timeout_seconds=5),
        name="before",
        tags={"x": "1"},
        schedule={"quartz_cron_expression": "0 0 2 * * ?", "timezone_id": "UTC"},
    )
    new = {"name": "after", "tags": {"y": "2"}, "tasks": [notebook("/Shared/b", "b"), notebook(PATH, "c")]}
    body = {"job_id": job, "new_settings": new, "fields_to_remove": ["schedule", "tasks/a"]}
    lab.server.post(f"{JOBS}/update", body)
    settings = lab.server.get(f"{JOBS}/get?job_id={job}")["settings"]
    assert (settings["name"], settings["tags"], "schedule" in settings) == ("after", {"y": "2"}, False)
    assert [task["task_key"] for task in settings["tasks"]] == ["b", "c"]
    assert settings["tasks"][0]["notebook_task"]["notebook_path"] == "/Shared/b"
    wrong: list[dict[str, Any]] = [
        {"new_settings": {"max_concurrent_runs": "many"}},
        {"new_settings": {"tasks": [notebook(PATH, "d", depends_on=[{"task_key": "a"}])]}},
        {"fields_to_remove": ["nothing"]},
    ]
    for each in wrong:
        assert lab.server.call("POST", f"{JOBS}/update", json={"job_id": job, **each}).status_code == 400
    assert lab.server.get(f"{JOBS}/get?job_id={job}")["settings"] == settings
    lab.server.post(f"{JOBS}/reset", {"job_id": job, "new_settings": {"name": "reset", "tasks": [notebook(PATH)]}})
    settings = lab.server.get(f"{JOBS}/get?job_id={job}")["settings"]
    assert (settings["name"], len(settings["tasks"]), "tags" in settings) == ("reset", 1, False)


def test_two_clients_change_one_job(lab: Lab) -> None:
    job = lab.job(notebook(PATH, "first"))

    def change(number: int) -> int:
        new = {"tasks": [notebook(PATH, f"t{number}")], "tags": {"by": str(number)}}
        return lab.server.call("POST", f"{JOBS}/update", json={"job_id": job, "new_settings": new}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(40))) == {200}
    settings = lab.server.get(f"{JOBS}/get?job_id={job}")["settings"]
    assert {task["task_key"] for task in settings["tasks"]} == {"first", *(f"t{number}" for number in range(40))}


def test_runs_through_the_sdk(lab: Lab, sdk: Any) -> None:
    path = lab.write("through.py", "dbutils.notebook.exit(dbutils.widgets.get('x'))")
    job = lab.job(notebook(path, "main", base={"x": "1"}), name="Through")
    told = sdk.jobs.run_now(job, notebook_params={"x": "2"}).result()
    assert told.state.result_state is sdk_jobs.RunResultState.SUCCESS
    assert told.status.termination_details.code is sdk_jobs.TerminationCodeCode.SUCCESS
    assert (told.run_name, told.run_type, told.trigger) == (
        "Through",
        sdk_jobs.RunType.JOB_RUN,
        sdk_jobs.TriggerType.ONE_TIME,
    )
    assert told.overriding_parameters.notebook_params == {"x": "2"}
    assert told.end_time >= told.start_time and told.tasks[0].execution_duration > 0
    output = sdk.jobs.get_run_output(told.tasks[0].run_id)
    assert output.notebook_output.result == "2" and output.metadata.job_id == job
    with pytest.raises(InvalidParameterValue, match="runs with multiple tasks is not supported"):
        sdk.jobs.get_run_output(told.run_id)
    task = sdk_jobs.SubmitTask(task_key="once", notebook_task=sdk_jobs.NotebookTask(path, {"x": "3"}))
    once = sdk.jobs.submit(run_name="Once", tasks=[task], idempotency_token="a").result()
    assert (once.run_name, once.run_type) == ("Once", sdk_jobs.RunType.SUBMIT_RUN)
    assert sdk.jobs.submit(run_name="Twice", tasks=[task], idempotency_token="a").response.run_id == once.run_id
    assert sdk.jobs.get_run_output(once.tasks[0].run_id).notebook_output.result == "3"
    assert [run.run_id for run in sdk.jobs.list_runs(job_id=job)] == [told.run_id]
    assert [run.run_id for run in sdk.jobs.list_runs(completed_only=True, run_type=sdk_jobs.RunType.SUBMIT_RUN)] == [
        once.run_id
    ]
    assert list(sdk.jobs.list_runs(active_only=True)) == []
    sdk.jobs.delete_run(told.run_id)
    with pytest.raises(ResourceDoesNotExist):
        sdk.jobs.get_run(told.run_id)
    wrong = lab.write("wrong.py", "raise ValueError('no')")
    with pytest.raises(OperationFailed, match="Task main failed with message: Workload failed, see run output"):
        sdk.jobs.run_now(lab.job(notebook(wrong))).result()


def test_one_token_starts_one_run(lab: Lab) -> None:
    job = lab.job(notebook(lab.write("void.py", "pass")), max_concurrent_runs=100)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: lab.start(job, idempotency_token="once"), range(16)))
    assert len(set(runs)) == 1
    lab.run(runs[0])
    lab.server.post(f"{JOBS}/runs/delete", {"run_id": runs[0]})
    answer = lab.server.call("POST", f"{JOBS}/run-now", json={"job_id": job, "idempotency_token": "once"})
    assert refused(answer) == BAD


def test_some_of_the_tasks_run(lab: Lab) -> None:
    path = lab.write("void.py", "pass")
    job = lab.job(*(notebook(path, key, depends_on=[{"task_key": "a"}] if key != "a" else []) for key in "abc"))
    told = lab.run(lab.start(job, only=["b"]))
    assert [(task["task_key"], task["state"]["result_state"]) for task in told["tasks"]] == [("b", "SUCCESS")]


def test_what_a_judge_reads(lab: Lab) -> None:
    import hashlib
    import sqlite3

    code = "dbutils.notebook.exit(dbutils.widgets.get('event_message'))"
    path = lab.write("Workspace/Shared/judged.py", code)
    job = lab.job(notebook("/Shared/judged"))
    lab.server.model("judged", 1)
    hook = lab.server.hook("MODEL_VERSION_CREATED", job_spec={"job_id": str(job), "access_token": TOKEN})
    lab.server.post("model-versions/create", {"name": "judged", "source": "dbfs:/nowhere"})
    while (status := lab.server.get("/lab/status"))["pending_deliveries"] or status["active_runs"]:
        time.sleep(0.05)
    with sqlite3.connect(lab.server.root / "workspace.db") as database:
        database.row_factory = sqlite3.Row
        (run,) = database.execute("SELECT * FROM job_runs WHERE job_id = ?", (job,)).fetchall()
        (task,) = database.execute("SELECT * FROM task_runs WHERE job_run_id = ?", (run["run_id"],)).fetchall()
        number = int(run["source_id"].removeprefix("webhook-delivery-"))
        (delivery,) = database.execute("SELECT * FROM deliveries WHERE id = ?", (number,)).fetchall()
    assert (run["source"], run["result"], delivery["webhook_id"]) == ("webhook", "SUCCESS", hook["id"])
    assert json.loads(task["parameters"]) == {"event_message": delivery["body"]}
    assert (task["file"], task["path"], task["source"]) == (path, "/Shared/judged", code)
    assert task["source_sha256"] == hashlib.sha256(code.encode()).hexdigest()
    assert task["output"] == delivery["body"]
    lab.server.call("DELETE", "registry-webhooks/delete", json={"id": hook["id"]})


# Clusters


def test_clusters_are_looked_at(lab: Lab, sdk: Any) -> None:
    (cluster,) = sdk.clusters.list()
    assert (cluster.cluster_id, cluster.cluster_name) == ("0101-000000-lab00001", "lab")
    sdk.clusters.ensure_cluster_is_running(cluster.cluster_id)
    with pytest.raises(ResourceDoesNotExist, match="Cluster x does not exist"):
        sdk.clusters.get("x")
    assert sdk.clusters.select_spark_version(latest=True, ml=True, scala="2.13").endswith("-cpu-ml-scala2.13")
    assert sdk.clusters.select_node_type(min_memory_gb=30, min_cores=4) in {"i3.xlarge", "r5d.xlarge"}
    file = Path(lab.write("clusters.json", '[{"cluster_id": "1", "cluster_name": "one"}, 7]'))
    try:
        assert [each.cluster_name for each in sdk.clusters.list()] == ["one"]
        lab.job(notebook(PATH, existing_cluster_id="1"))
    finally:
        file.unlink()


# Files


def test_files_through_the_sdk(server: Server, sdk: Any) -> None:
    files = sdk.workspace
    home = "/Users/learner@example.com/project"
    files.mkdirs(home)
    source = "# Databricks notebook source\nprint(1)\n\n# COMMAND ----------\n\n# MAGIC %md\n# MAGIC Text\n"
    files.upload(f"{home}/train", source.encode(), language=workspace.Language.PYTHON)
    kept = server.root / f"Workspace{home}/train.py"
    assert kept.read_text() == source
    assert files.download(f"{home}/train").read().decode() == source
    told = files.get_status(f"/Workspace{home}/train")
    assert (told.path, told.object_type, told.language) == (
        f"{home}/train",
        workspace.ObjectType.NOTEBOOK,
        workspace.Language.PYTHON,
    )
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        files.upload(f"{home}/train", b"x", language=workspace.Language.PYTHON)
    jupyter = files.export(f"{home}/train", format=workspace.ExportFormat.JUPYTER)
    cells = json.loads(base64.b64decode(jupyter.content))["cells"]
    assert [(cell["cell_type"], cell["source"]) for cell in cells] == [("code", "print(1)"), ("markdown", "Text")]
    files.upload(
        f"{home}/train",
        io.BytesIO(base64.b64decode(jupyter.content)),
        format=workspace.ImportFormat.JUPYTER,
        overwrite=True,
    )
    assert not kept.exists() and kept.with_suffix(".ipynb").exists()
    assert "# MAGIC %md\n# MAGIC Text" in files.download(f"{home}/train").read().decode()
    data = bytes(range(256)) * 10 + b"\r\n--\r\n"
    files.upload(f"{home}/data.bin", data, format=workspace.ImportFormat.AUTO)
    assert files.download(f"{home}/data.bin").read() == data
    plain = base64.b64encode(b"x = 1\n").decode()
    files.import_(f"{home}/module.py", content=plain, format=workspace.ImportFormat.AUTO)
    listed = {each.path: each.object_type for each in files.list(home)}
    assert listed == {
        f"{home}/data.bin": workspace.ObjectType.FILE,
        f"{home}/module.py": workspace.ObjectType.FILE,
        f"{home}/train": workspace.ObjectType.NOTEBOOK,
    }
    assert home in {each.path for each in files.list("/", recursive=False)} | {
        each.path for each in files.list("/Users/learner@example.com")
    }
    with pytest.raises(BadRequest, match="not empty"):
        files.delete(home)
    files.delete(home, recursive=True)
    with pytest.raises(ResourceDoesNotExist, match="doesn't exist"):
        files.get_status(home)


@pytest.mark.parametrize(
    ("method", "path", "more", "expected"),
    [
        ("GET", "get-status", {"path": "/Shared/../../etc/passwd"}, BAD),
        ("GET", "export", {"path": "/Workspace/../workspace.db"}, BAD),
        ("GET", "list", {"path": "Shared"}, BAD),
        ("GET", "list", {"path": "/nowhere"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("POST", "import", {"path": "/Shared/a", "content": "%%", "language": "PYTHON"}, BAD),
        ("POST", "import", {"path": "/Shared/a", "content": ""}, BAD),
        ("POST", "import", {"path": "/Shared/a", "content": "e30", "format": "DBC"}, BAD),
        ("POST", "import", {"path": "/Shared/a", "content": "", "format": "DBC"}, ABSENT),
        ("POST", "import", {"path": "/Shared/a", "content": "W10=", "format": "JUPYTER"}, BAD),
        ("POST", "import", {"path": "/nowhere/a", "format": "AUTO"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ("POST", "import", {"path": "/Shared", "format": "AUTO", "overwrite": True}, BAD),
        ("POST", "delete", {"path": "/", "recursive": True}, (403, "PERMISSION_DENIED")),
        ("POST", "mkdirs", {"path": "/Shared/\0"}, BAD),
    ],
    ids=str,
)
def test_files_that_can_not_be(server: Server, method: str, path: str, more: dict[str, Any], expected: Any) -> None:
    how: dict[str, Any] = {"params": more} if method == "GET" else {"json": more}
    assert refused(server.call(method, f"/api/2.0/workspace/{path}", **how)) == expected


def test_links_that_lead_out_are_not_followed(lab: Lab) -> None:
    (lab.server.root / "Workspace/Shared/link").symlink_to("/etc/passwd")
    told = lab.run(lab.start(lab.job(notebook("/Shared/link"))))
    assert told["tasks"][0]["status"]["termination_details"]["code"] == "RESOURCE_NOT_FOUND"
    answer = lab.server.call("GET", "/api/2.0/workspace/export?path=/Shared/link")
    assert refused(answer) == (404, "RESOURCE_DOES_NOT_EXIST")


# Restarts


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_is_killed_goes_on_where_it_stood(mortal: Server) -> None:
    lab, root = Lab(mortal), mortal.root
    code = """
        import os, pathlib, time
        pathlib.Path("mark{0}").write_text(str(os.getpid()))
        {1}
        dbutils.notebook.exit("end")
        """
    once = 'time.sleep(0 if os.path.exists("again") else 600)'
    slow, kept = lab.write("slow.py", code.format(1, "time.sleep(600)")), lab.write("kept.py", code.format(2, once))
    failing, trying = lab.job(notebook(slow)), lab.job(notebook(kept, max_retries=1))
    waiting = lab.job(notebook(lab.write("waiting.py", "dbutils.notebook.exit('ran')")))
    runs = [lab.start(job) for job in (failing, trying, waiting)]
    for name in ("mark1", "mark2"):
        wait_for(root / name)
    pids = [int((root / name).read_text()) for name in ("mark1", "mark2")]
    (root / "again").touch()
    mortal.kill()
    mortal.start()
    first, second, third = (lab.run(run) for run in runs)
    (task,) = first["tasks"]
    assert (task["state"]["life_cycle_state"], task["state"]["result_state"]) == ("INTERNAL_ERROR", "FAILED")
    assert "restarted" in first["state"]["state_message"]
    assert task["status"]["termination_details"] == {
        "code": "INTERNAL_ERROR",
        "type": "INTERNAL_ERROR",
        "message": "The workspace was restarted while the task ran",
    }
    assert [task["state"]["result_state"] for task in second["tasks"]] == ["FAILED", "SUCCESS"]
    assert second["state"]["result_state"] == third["state"]["result_state"] == "SUCCESS"
    assert lab.output(third["tasks"][0])["notebook_output"]["result"] == "ran"
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_a_server_that_ends_takes_its_tasks_along(mortal: Server) -> None:
    lab, mark = Lab(mortal), mortal.root / "mark"
    code = "import os, pathlib\npathlib.Path('mark').write_text(str(os.getpid()))\nwhile True: pass"
    script = {"task_key": "main", "spark_python_task": {"python_file": lab.write("script.py", code)}}
    lab.start(lab.job(script))
    wait_for(mark)
    pid = int(mark.read_text())
    assert mortal.process is not None
    mortal.process.terminate()
    mortal.process.wait()
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
