"""What the workspace did, read from outside: as it was, and refused where it can't have been the workspace."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.evidence import Unreadable
from grader.evidence.workspace import NAME, Workspace, open_workspace
from tests.workspace_server import MOST_SECONDS, TOKEN, Server, served

pytestmark = pytest.mark.server

EVENT = "MODEL_VERSION_TRANSITIONED_TO_STAGING"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A workspace in which something of each kind has happened."""
    with served(tmp_path_factory.mktemp("evidence")) as server:
        (server.root / "test.py").write_text("dbutils.notebook.exit(dbutils.widgets.get('mode'))")
        settings = {
            "name": "test",
            "tasks": [
                {
                    "task_key": "main",
                    "notebook_task": {
                        "notebook_path": str(server.root / "test"),
                        "base_parameters": {"mode": "{{job.id}}"},
                    },
                    "job_cluster_key": "own",
                }
            ],
            "job_clusters": [
                {
                    "job_cluster_key": "own",
                    "new_cluster": {
                        "spark_version": "16.4.x-scala2.12",
                        "node_type_id": "i3.xlarge",
                        "num_workers": 2,
                    },
                }
            ],
        }
        job = server.post("/api/2.2/jobs/create", settings)["job_id"]
        server.model("churn", 1)
        server.hook(EVENT, model_name="churn", job_spec={"job_id": str(job), "access_token": TOKEN})
        told = server.hook(EVENT, to="chat", description="to the chat")
        server.post("registry-webhooks/test", {"id": told["id"]})
        server.move("churn", 1, "Staging")
        server.post("comments/create", {"name": "churn", "version": "1", "comment": "well done"})
        deadline = time.monotonic() + MOST_SECONDS
        while any(server.get("/lab/status").values()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield server


@pytest.fixture
def copy(server: Server, tmp_path: Path) -> Path:
    """A copy of the workspace's database that may be spoilt."""
    with (
        contextlib.closing(sqlite3.connect(server.root / NAME)) as there,
        contextlib.closing(sqlite3.connect(tmp_path / NAME)) as here,
    ):
        there.backup(here)
    return tmp_path / NAME


def spoil(file: Path, statement: str, *values: Any) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, values)


def test_it_is_read_while_the_server_has_it_open(server: Server) -> None:
    found = open_workspace(server.root / NAME)
    testing, telling = found.webhooks
    assert testing.job and not testing.http and testing.model == "churn" and testing.events == (EVENT,)
    assert telling.http and telling.description == "to the chat" and telling.model is None
    assert found.webhook(telling.id) == telling and found.webhook("nobody") is None
    assert [(d.test, d.state, len(d.attempts)) for d in found.deliveries] == [
        (True, "delivered", 1),
        (False, "delivered", 1),
        (False, "delivered", 1),
    ]
    assert [json.loads(message.body)["event"] for message in found.received] == [EVENT] * 2
    assert found.received[0].headers["content-type"] == "application/json"
    (activity,) = found.activities
    assert (activity.comment, activity.model, activity.version) == ("well done", "churn", "1")


def test_jobs_and_their_runs(server: Server) -> None:
    found = open_workspace(server.root / NAME)
    (job,) = found.jobs_named("test")
    (task,) = job.tasks
    assert job.cluster(task) == {"spark_version": "16.4.x-scala2.12", "node_type_id": "i3.xlarge", "num_workers": 2}
    assert job.cluster({}) is None and job.cluster({"job_cluster_key": "other"}) is None
    assert job.cluster({"new_cluster": {"num_workers": 1}}) == {"num_workers": 1}
    (run,) = found.runs_of(job)
    assert run.succeeded and run.source == "webhook" and run.ended_ms >= run.created_ms
    (message,) = run.messages
    assert (message["event"], message["version"], message["to_stage"]) == (EVENT, "1", "Staging")
    (own,) = run.tasks
    assert own.output == str(job.id) and own.parameters["mode"] == str(job.id) and own.error is None
    assert found.jobs_named("other") == () and found.runs_of() == ()


def reported(copy: Path, **changes: Any) -> str:
    """What the server reports of the delivery that has started the run, with changes."""
    found = open_workspace(copy)
    (run,) = found.runs
    delivery = next(one for one in found.deliveries if one.webhook == found.webhooks[0].id)
    line = {
        "delivery": delivery.id,
        "webhook": delivery.webhook,
        "test": False,
        "sha256": hashlib.sha256(delivery.body.encode()).hexdigest(),
        "target": f"jobs/run-now {run.job}",
        "signature": None,
        "status": 200,
        "job": run.job,
        "run": run.id,
    }
    return json.dumps({**line, **changes}) + "\n"


def test_a_run_counts_as_started_by_what_was_reported(copy: Path) -> None:
    found = open_workspace(copy, "\n[]\nnonsense\n" + "[" * 50_000 + "\n" + reported(copy))
    (start,) = found.delivered
    assert found.start_of(found.runs[0]) == start and start.status == 200 and not found.cut
    assert open_workspace(copy, reported(copy) + '{"cut": true}\n').cut
    assert open_workspace(copy).start_of(found.runs[0]) is None


@pytest.mark.parametrize("change", [{"run": 1}, {"job": 1}, {"sha256": "0" * 64}, {"run": None, "job": None}])
def test_a_run_is_not_taken_for_one_that_a_delivery_has_not_started(copy: Path, change: dict[str, Any]) -> None:
    found = open_workspace(copy, reported(copy, **change))
    assert len(found.delivered) == 1 and found.start_of(found.runs[0]) is None


@pytest.mark.parametrize("change", [{"delivery": "x"}, {"status": "well"}, {"run": [1]}, {"job": float("inf")}])
def test_a_line_that_the_server_does_not_write_is_left_out(copy: Path, change: dict[str, Any]) -> None:
    assert open_workspace(copy, reported(copy, **change)).delivered == ()


@pytest.mark.parametrize("change", ["run_id = run_id + 1", "job_id = job_id + 1", "given = '{}'"])
def test_a_run_that_was_changed_is_another(copy: Path, change: str) -> None:
    line = reported(copy)
    spoil(copy, f"UPDATE job_runs SET {change}")
    found = open_workspace(copy, line)
    assert found.start_of(found.runs[0]) is None


def test_deleted_jobs_and_open_runs(copy: Path) -> None:
    spoil(copy, "UPDATE jobs SET deleted_ms = 1")
    spoil(copy, "UPDATE job_runs SET end_ms = NULL, result = NULL")
    found = open_workspace(copy)
    assert found.jobs_named("test") == () and found.jobs[0].deleted
    assert found.runs[0].ended_ms == float("inf") and not found.runs[0].succeeded


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE webhooks SET events = ?", "not JSON"),
        ("UPDATE webhooks SET events = ?", '{"a": 1}'),
        ("UPDATE webhooks SET events = ?", "[" * 100_000),
        ("UPDATE webhooks SET http = ?", "[]"),
        ("UPDATE webhooks SET created_ms = ?", "never"),
        ("UPDATE received SET headers = ?", "[1]"),
        ("UPDATE received SET at_ms = ?", "soon"),
        ("UPDATE jobs SET settings = ?", "7"),
        ("UPDATE jobs SET job_id = ?", 1e400),
        ("UPDATE job_runs SET given = ?", "[]"),
        ("UPDATE job_runs SET job_parameters = ?", '[{"value": 1}]'),
        ("UPDATE job_runs SET job_parameters = ?", '["x"]'),
        ("UPDATE job_runs SET start_ms = ?", "x"),
        ("UPDATE task_runs SET task = ?", "null"),
        ("UPDATE task_runs SET parameters = ?", "{"),
        ("UPDATE deliveries SET body = ?", b"\xff\xfe"),
        ("UPDATE activities SET created_ms = ?", "x"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_values_that_it_never_writes_are_refused_or_harmless(copy: Path, statement: str, value: Any) -> None:
    spoil(copy, statement, value)
    with contextlib.suppress(Unreadable):
        look(open_workspace(copy))


def look(found: Workspace) -> None:
    """Everything that a suite may ask."""
    for run in found.runs:
        assert isinstance(run.messages, tuple)
    for job in found.jobs:
        for task in job.tasks:
            job.cluster(task)


@pytest.mark.parametrize(
    "settings",
    ['{"tasks": 7}', '{"tasks": [7, {"job_cluster_key": []}], "job_clusters": [1, {"job_cluster_key": []}]}', "{}"],
)
def test_jobs_of_other_forms_have_no_tasks_to_speak_of(copy: Path, settings: str) -> None:
    spoil(copy, "UPDATE jobs SET settings = ?", settings)
    look(open_workspace(copy))


@pytest.mark.parametrize("text", ["{", '{"event": ' + "[" * 50_000, '{"other": 1}', "[]", "  {} "])
def test_parameters_that_are_no_message_are_none(copy: Path, text: str) -> None:
    spoil(copy, "UPDATE job_runs SET given = ?", json.dumps({"notebook_params": {"event_message": text}}))
    (run,) = open_workspace(copy).runs
    assert run.messages == ()


def test_a_database_that_is_gone_or_another_says_so(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"workspace\.db, what the lab's workspace keeps, is gone"):
        open_workspace(tmp_path / "none" / NAME)
    spoil(copy, "ALTER TABLE received RENAME TO others")
    spoil(copy, "CREATE VIEW received AS SELECT * FROM others")
    with pytest.raises(Unreadable, match="what the lab's workspace keeps has no table received"):
        open_workspace(copy)
    copy.write_bytes(b"no database" * 1000)
    with pytest.raises(Unreadable, match="damaged"):
        open_workspace(copy)
