"""A lab with a workspace: its server, and what happens in it once the notebook has ended."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import socket
import sqlite3
import subprocess
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import psutil
import pytest
import requests

from grader import catalog, lab, submission
from grader.evidence.workspace import open_workspace
from grader.lab import sandbox
from grader.lab.inside.lab_guest import interpreter
from grader.lab.record import LabRecord
from tests.workspace_server import MOST_SECONDS, TOKEN, lay

pytestmark = pytest.mark.lab

STEP = {
    "model": "churn",
    "run_name": "from a colleague",
    "files": {"MLmodel": "run_id: {run_id}\n", "weights/w.json": "{}"},
    "metrics": {"accuracy": 0.9},
    "params": {"depth": "3"},
    "tags": {"source": "colleague"},
    "stage": "Staging",
}
SECOND = {**STEP, "run_name": "from another", "stage": "Production"}

AUTOMATION = """
# %% automation
import os, requests, mlflow
from mlflow import MlflowClient
client = MlflowClient()
client.create_registered_model("churn")
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["DATABRICKS_TOKEN"]
host = os.environ["DATABRICKS_HOST"]
made = session.post(host + "/api/2.0/mlflow/registry-webhooks/create", json={
    "model_name": "churn",
    "events": ["MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"],
    "http_url_spec": {"url": host + "/lab/receiver/chat", "secret": "s3cret"},
})
assert made.ok, made.text
mlflow.set_tracking_uri("databricks")
uri = mlflow.get_tracking_uri()
"""


def raised(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cells: str,
    *steps: Any,
    isolation: Literal["sandbox", "process"] = "process",
    **limits: float,
) -> LabRecord:
    """A lab with a workspace in which the cells have run, and then the steps."""
    fixture = SimpleNamespace(
        plan=lambda seed: SimpleNamespace(widgets={}), write=lambda data, root: {}, afterwards=lambda data: list(steps)
    )
    monkeypatch.setattr(lab, "load_fixture", lambda exercise: fixture)
    exercise = dataclasses.replace(
        catalog.find("ex5"), workspace=True, results=("uri", "found"), limits={"settle_seconds": 20, **limits}
    )
    file = tmp_path / "submission.py"
    file.write_text(textwrap.dedent(cells))
    return lab.run(exercise, submission.read(file), 1, place(tmp_path), isolation=isolation, notify=lambda text: None)


def place(tmp_path: Path) -> Path:
    """A lab's folder."""
    folder = tmp_path / "lab"
    for name in ("root", "run"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where labs lie: sockets in the tests' own folders would have too long a name."""
    with lab.folder() as path:
        for name in ("root", "run"):
            (path / name).rmdir()
        path.chmod(0o755)
        yield path


def needs_sandbox() -> None:
    """Skip the test where the system permits no sandbox."""
    if why := sandbox.unavailable():
        pytest.skip(why)


def rows(folder: Path, store: str, question: str) -> list[tuple[Any, ...]]:
    """What a store of a lab that has ended answers."""
    with contextlib.closing(sqlite3.connect(folder / "lab" / "root" / store)) as connection:
        return connection.execute(question).fetchall()


def results(folder: Path) -> Any:
    return json.loads((folder / "lab" / "run" / "results.json").read_text())


@pytest.mark.parametrize("isolation", ["sandbox", "process"])
def test_versions_arrive_after_the_notebook_and_are_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, isolation: Any
) -> None:
    if isolation == "sandbox":
        needs_sandbox()
    record = raised(folder, monkeypatch, AUTOMATION, STEP, SECOND, isolation=isolation)
    assert [cell.outcome for cell in record.cells] == ["ok"]
    assert results(folder)["uri"]["value"].startswith("http://127.0.0.1:")
    versions = rows(folder, "mlflow.db", "SELECT version, current_stage, source, run_id FROM model_versions")
    assert [(number, stage) for number, stage, *_ in versions] == [(1, "Staging"), (2, "Production")]
    for _, _, source, run_id in versions:
        model = folder / "lab" / "root" / Path(source.removeprefix("file://")).relative_to(record.seen_at)
        assert (model / "MLmodel").read_text() == f"run_id: {run_id}\n"
        assert (model / "weights" / "w.json").read_text() == "{}"
    names = rows(folder, "mlflow.db", "SELECT name, status FROM runs ORDER BY start_time")
    assert names == [("from a colleague", "FINISHED"), ("from another", "FINISHED")]
    events = rows(folder, "workspace.db", "SELECT event, version, state FROM deliveries ORDER BY id")
    moved, made = "MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"
    assert events == [(event, number, "delivered") for number in ("1", "2") for event in (made, moved)]
    signed = rows(folder, "workspace.db", "SELECT headers FROM received")
    assert len(signed) == 4 and all("x-databricks-signature" in headers.lower() for (headers,) in signed)


def test_nothing_of_the_notebook_outlives_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + """
# %% leaves a watcher
import subprocess, sys
watcher = '''
import time
from mlflow import MlflowClient
client = MlflowClient()
open("started", "w").close()
while True:
    for version in client.search_model_versions("name = 'churn'"):
        client.delete_model_version("churn", version.version)
    time.sleep(0.01)
'''
subprocess.Popen([sys.executable, "-c", watcher], start_new_session=True)
import time
while not os.path.exists("started"):
    time.sleep(0.1)
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "ok"]
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]


def test_a_notebook_that_will_not_end_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + """
# %% stays
import atexit, signal, time
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
atexit.register(time.sleep, 1000)
"""
    )
    raised(folder, monkeypatch, cells, STEP)
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]


@pytest.mark.parametrize("own_user", [True, False])
def test_what_is_to_happen_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch, own_user: bool) -> None:
    needs_sandbox()  # without one, root reads whatever there is
    if not own_user:  # as where it is not root that raises the lab: all of it has one user, bubblewrap included
        monkeypatch.setattr(sandbox, "_as_root", lambda: False)
    cells = (
        AUTOMATION
        + """
# %% spies
import ctypes, glob, psutil, socket
hidden = [one for one in psutil.process_iter() if one.pid != os.getpid()]  # the house and its server
names = [name for one in hidden for name in glob.glob(f"/proc/{one.pid}/fd/*")]
names += [f"/proc/{one.pid}/{name}" for one in hidden for name in ("mem", "environ")]
found = [] if len(hidden) == 2 else ["no server"]
for name in names:
    try:
        open(name, "rb").close()
        found.append(name)
    except OSError:
        pass

# %% takes the standard input of bubblewrap
GETFD = 438
taken = ctypes.CDLL(None).syscall(GETFD, os.pidfd_open(1), 0, 0)
if taken >= 0:
    with socket.socket(fileno=taken) as line:
        try:
            if any(socket.recv_fds(line, 100, 1, socket.MSG_DONTWAIT)[:2]):
                found.append("what came by it")
        except OSError as error:
            found.append(str(error))
"""
    )
    record = raised(folder, monkeypatch, cells, STEP, isolation="sandbox")
    assert [cell.outcome for cell in record.cells] == ["ok", "ok", "ok"]
    assert results(folder)["found"]["value"] == []
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]


def test_a_server_that_is_killed_comes_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + """
# %% kills it
import psutil, signal
(server,) = [p for p in psutil.Process(os.getppid()).children() if p.pid != os.getpid()]
server.kill()

# %% goes on
client.create_registered_model("another")
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "ok", "ok"]
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]
    assert rows(folder, "workspace.db", "SELECT state FROM deliveries") == [("delivered",)] * 2


def test_a_package_in_the_labs_folder_is_no_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + """
# %% packages of the server's and its modules' names, and a server that must be started anew
import psutil
for name in ("lab_workspace", "lab_guest", "uvicorn", "mlflow", "urllib", "h11"):
    os.mkdir(name)
    for module in ("__init__", "__main__", "serving", "error", "request"):
        with open(f"{name}/{module}.py", "w") as file:
            file.write(f"open({os.getcwd() + '/ran'!r}, 'a').write({name + '.' + module!r})")
(server,) = [p for p in psutil.Process(os.getppid()).children() if p.pid != os.getpid()]
server.kill()
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "ok"]
    assert not (folder / "lab" / "root" / "ran").exists()
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]
    assert len(record.reported.splitlines()) == 2


JOB = """
# %% jobs that webhooks start
def job(name, code):
    with open(f"{name}.py", "w") as file:
        file.write(code)
    task = {"task_key": "main", "spark_python_task": {"python_file": f"{os.getcwd()}/{name}.py"}}
    made = session.post(host + "/api/2.2/jobs/create", json={"name": name, "tasks": [task]})
    assert made.ok, made.text
    made = session.post(host + "/api/2.0/mlflow/registry-webhooks/create", json={
        "model_name": "churn",
        "events": ["MODEL_VERSION_TRANSITIONED_STAGE"],
        "job_spec": {"job_id": str(made.json()["job_id"]), "access_token": os.environ["DATABRICKS_TOKEN"]},
    })
    assert made.ok, made.text
    return made.json()["webhook"]["id"]
"""


def test_what_was_delivered_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + JOB
        + """
# %% before the notebook's end
hook = job("hello", '''
import os
for name in os.listdir("/proc/self/fd"):
    if os.path.exists(f"/proc/self/fd/{name}"):
        assert "socket" not in os.readlink(f"/proc/self/fd/{name}"), "the server's or the house's"
''')
assert session.post(host + "/api/2.0/mlflow/registry-webhooks/test", json={"id": hook}).ok
while session.get(host + "/lab/status").json()["active_runs"]:
    pass
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "ok", "ok"]
    found = open_workspace(folder / "lab" / "root" / "workspace.db", record.reported)
    (_, run), (telling,), (job,) = found.runs, [hook for hook in found.webhooks if hook.http], found.jobs
    assert not found.cut and run.succeeded
    assert sorted((one.webhook, one.sha256) for one in found.delivered) == sorted(
        (one.webhook, hashlib.sha256(one.body.encode()).hexdigest()) for one in found.deliveries if not one.test
    )
    for one in found.delivered:
        assert one.status == 200 and not one.test
        if one.webhook == telling.id:
            message = next(message for message in found.received if message.sha256 == one.sha256)
            assert one.target.endswith("/lab/receiver/chat") and (one.job, one.run) == (None, None)
            assert one.signature == message.headers["x-databricks-signature"]
        else:
            assert (one.job, one.run) == (job.id, run.id) and found.start_of(run) == one


def test_what_a_job_leaves_behind_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + JOB
        + """
# %% one leaves something behind, the other takes its time
watcher = f"import time; time.sleep(3); open({os.getcwd() + '/outlived'!r}, 'w').close()"
job("leaves", f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {watcher!r}], start_new_session=True)")
job("takes_its_time", "import time; time.sleep(6)")
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "ok", "ok"]
    runs = rows(folder, "workspace.db", "SELECT run_name, result FROM job_runs ORDER BY run_name")
    assert runs == [("leaves", "SUCCESS"), ("takes_its_time", "SUCCESS")]
    assert not (folder / "lab" / "root" / "outlived").exists()


def test_a_lab_to_explore_has_a_server_that_comes_back(folder: Path) -> None:
    root, run = folder / "root", folder / "run"
    root.mkdir()
    run.mkdir()
    lay(root)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = {"jvm": None, "spark_home": None, "root": str(root), "scratch": str(run), "user": None, "port": port}
    config |= {"token": TOKEN, "command": ["sleep", "600"], "environment": {}, "sockets": {}}
    (run / "desk.json").write_text(json.dumps(config))
    place = sandbox.place("process", folder)
    desk = subprocess.Popen(
        [*place.prefix, *interpreter.command("lab_guest.desk", str(run / "desk.json"))],
        stdin=subprocess.PIPE,
        env=place.environment,
    )
    assert desk.stdin is not None
    try:
        health = f"http://127.0.0.1:{port}/lab/health"
        wait_for(health)
        (server,) = [one for one in psutil.Process(desk.pid).children() if "sleep" not in one.cmdline()]
        server.kill()
        wait_for(health)
        desk.stdin.close()
        assert desk.wait(timeout=60) == 0
        assert not server.is_running()
    finally:
        desk.kill()
        desk.wait()


def wait_for(address: str) -> None:
    """Return once an address answers."""
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        try:
            assert requests.get(address, timeout=MOST_SECONDS).ok
            return
        except requests.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_step_that_is_not_possible_costs_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raised(folder, monkeypatch, AUTOMATION, {**STEP, "model": "unknown"}, SECOND)
    assert rows(folder, "mlflow.db", "SELECT version, current_stage FROM model_versions") == [(1, "Production")]


def test_versions_that_came_without_a_stage_are_moved_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ({**STEP, "run_name": name} for name in ("first", "second"))
    del first["stage"], second["stage"]
    moves = [
        {"model": "churn", "arrived": "second", "stage": "Production"},
        {"model": "churn", "version": 1, "stage": "Production", "archive": True},
        {"model": "churn", "arrived": "unknown", "stage": "Production"},
    ]
    raised(folder, monkeypatch, AUTOMATION, first, second, *moves)
    versions = rows(folder, "mlflow.db", "SELECT version, current_stage FROM model_versions")
    assert versions == [(1, "Production"), (2, "Archived")]
    events = rows(folder, "workspace.db", "SELECT event, version FROM deliveries ORDER BY id")
    moved, made = "MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"
    assert events[:3] == [(made, "1"), (made, "2"), (moved, "2")]
    assert sorted(events[3:]) == [(moved, "1"), (moved, "2")]


def test_a_notebook_that_ends_itself_ends_the_lab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + """
# %% dies
os._exit(3)
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "died"]
    assert rows(folder, "mlflow.db", "SELECT * FROM model_versions") == []


def test_without_a_receiver_that_answers_the_lab_ends_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = AUTOMATION.replace('host + "/lab/receiver/chat"', '"http://127.0.0.1:9/hook"')
    raised(folder, monkeypatch, cells, STEP, SECOND, settle_seconds=1)
    versions = rows(folder, "mlflow.db", "SELECT version, current_stage FROM model_versions")
    assert versions == [(1, "Staging"), (2, "Production")]


def test_limits_hold_for_the_tasks_of_jobs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = (
        AUTOMATION
        + """
# %% a job that takes too much
with open("greedy.py", "w") as file:
    file.write("taken = bytearray(3 << 30)")
task = {"task_key": "greedy", "spark_python_task": {"python_file": f"{os.getcwd()}/greedy.py"}}
made = session.post(host + "/api/2.2/jobs/runs/submit", json={"run_name": "greedy", "tasks": [task]})
assert made.ok, made.text
"""
    )
    record = raised(folder, monkeypatch, cells, STEP)
    assert [cell.outcome for cell in record.cells] == ["ok", "ok"]
    ((state,),) = rows(folder, "workspace.db", "SELECT result FROM job_runs")
    assert state == "FAILED"
    ((error,),) = rows(folder, "workspace.db", "SELECT error FROM task_runs")
    assert "MemoryError" in error
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]
