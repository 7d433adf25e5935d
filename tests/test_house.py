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


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Where labs lie: sockets in the tests' own folders would have too long a name."""
    with lab.folder() as path:
        for name in ("root", "run"):
            (path / name).rmdir()
        path.chmod(0o755)
        yield path


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


@dataclasses.dataclass(frozen=True)
class Ended:
    """A lab that several tests look at once it has ended, and the folder that it lies in."""

    folder: Path
    record: LabRecord

    def rows(self, store: str, question: str) -> list[tuple[Any, ...]]:
        """What one of its stores answers."""
        return rows(self.folder, store, question)


@contextlib.contextmanager
def ended(cells: str, *steps: Any, isolation: Literal["sandbox", "process"] = "process") -> Iterator[Ended]:
    """A lab in which the cells have run, and then the steps."""
    with short_folder() as path, pytest.MonkeyPatch.context() as patch:
        yield Ended(path, raised(path, patch, cells, *steps, isolation=isolation))


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


MORE_MODELS = """
# %% models that others than the first test look at
for name in ("steady", "later"):
    client.create_registered_model(name)
    made = session.post(host + "/api/2.0/mlflow/registry-webhooks/create", json={
        "model_name": name,
        "events": ["MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"],
        "http_url_spec": {"url": host + "/lab/receiver/" + name},
    })
    assert made.ok, made.text
"""


@pytest.fixture(scope="module", params=["sandbox", "process"])
def arrived(request: pytest.FixtureRequest) -> Iterator[Ended]:
    """A lab in which versions of several models have arrived and were moved; each test has a model of its own."""
    if request.param == "sandbox":
        needs_sandbox()
    first, second = ({**STEP, "model": "later", "run_name": name} for name in ("first", "second"))
    del first["stage"], second["stage"]
    moves = [
        {"model": "later", "arrived": "second", "stage": "Production"},
        {"model": "later", "version": 1, "stage": "Production", "archive": True},
        {"model": "later", "arrived": "unknown", "stage": "Production"},
    ]
    steps = [STEP, SECOND, {**STEP, "model": "unknown"}, {**SECOND, "model": "steady"}, first, second, *moves]
    with ended(AUTOMATION + MORE_MODELS, *steps, isolation=request.param) as lab:
        yield lab


def test_versions_arrive_after_the_notebook_and_are_told(arrived: Ended) -> None:
    assert [cell.outcome for cell in arrived.record.cells] == ["ok", "ok"]
    assert results(arrived.folder)["uri"]["value"].startswith("http://127.0.0.1:")
    question = "SELECT version, current_stage, source, run_id FROM model_versions WHERE name = 'churn'"
    versions = arrived.rows("mlflow.db", question)
    assert [(number, stage) for number, stage, *_ in versions] == [(1, "Staging"), (2, "Production")]
    for _, _, source, run_id in versions:
        model = (
            arrived.folder / "lab" / "root" / Path(source.removeprefix("file://")).relative_to(arrived.record.seen_at)
        )
        assert (model / "MLmodel").read_text() == f"run_id: {run_id}\n"
        assert (model / "weights" / "w.json").read_text() == "{}"
    own = ", ".join(repr(run_id) for *_, run_id in versions)
    names = arrived.rows("mlflow.db", f"SELECT name, status FROM runs WHERE run_uuid IN ({own}) ORDER BY start_time")
    assert names == [("from a colleague", "FINISHED"), ("from another", "FINISHED")]
    question = "SELECT event, version, state FROM deliveries WHERE model_name = 'churn' ORDER BY id"
    moved, made = "MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"
    assert arrived.rows("workspace.db", question) == [
        (event, number, "delivered") for number in ("1", "2") for event in (made, moved)
    ]
    signed = arrived.rows("workspace.db", "SELECT headers FROM received WHERE receiver = 'chat'")
    assert len(signed) == 4 and all("x-databricks-signature" in headers.lower() for (headers,) in signed)


def test_a_step_that_is_not_possible_costs_no_other(arrived: Ended) -> None:
    question = "SELECT version, current_stage FROM model_versions WHERE name = 'steady'"
    assert arrived.rows("mlflow.db", question) == [(1, "Production")]
    assert arrived.rows("mlflow.db", "SELECT * FROM model_versions WHERE name = 'unknown'") == []


def test_versions_that_came_without_a_stage_are_moved_later(arrived: Ended) -> None:
    question = "SELECT version, current_stage FROM model_versions WHERE name = 'later'"
    assert arrived.rows("mlflow.db", question) == [(1, "Production"), (2, "Archived")]
    events = arrived.rows(
        "workspace.db", "SELECT event, version FROM deliveries WHERE model_name = 'later' ORDER BY id"
    )
    moved, made = "MODEL_VERSION_TRANSITIONED_STAGE", "MODEL_VERSION_CREATED"
    assert events[:3] == [(made, "1"), (made, "2"), (moved, "2")]
    assert sorted(events[3:]) == [(moved, "1"), (moved, "2")]


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


@pytest.mark.proof
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


@pytest.mark.proof
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


@pytest.fixture(scope="module")
def revived() -> Iterator[Ended]:
    """A lab whose server was killed, beside packages of the server's and its modules' names."""
    cells = (
        AUTOMATION
        + """
# %% lays packages, and kills it
import psutil
for name in ("lab_workspace", "lab_guest", "uvicorn", "mlflow", "urllib", "h11"):
    os.mkdir(name)
    for module in ("__init__", "__main__", "serving", "error", "request"):
        with open(f"{name}/{module}.py", "w") as file:
            file.write(f"open({os.getcwd() + '/ran'!r}, 'a').write({name + '.' + module!r})")
(server,) = [p for p in psutil.Process(os.getppid()).children() if p.pid != os.getpid()]
server.kill()

# %% goes on
client.create_registered_model("another")
"""
    )
    with ended(cells, STEP) as lab:
        yield lab


@pytest.mark.proof
def test_a_server_that_is_killed_comes_back(revived: Ended) -> None:
    assert [cell.outcome for cell in revived.record.cells] == ["ok", "ok", "ok"]
    assert revived.rows("mlflow.db", "SELECT name FROM registered_models ORDER BY name") == [("another",), ("churn",)]
    assert revived.rows("mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]
    assert revived.rows("workspace.db", "SELECT state FROM deliveries") == [("delivered",)] * 2


@pytest.mark.proof
def test_a_package_in_the_labs_folder_is_no_server(revived: Ended) -> None:
    assert (revived.folder / "lab" / "root" / "lab_workspace" / "serving.py").exists()
    assert not (revived.folder / "lab" / "root" / "ran").exists()
    assert len(revived.record.reported.splitlines()) == 2


JOB = """
# %% jobs that webhooks start
def job(name, code, model="churn"):
    with open(f"{name}.py", "w") as file:
        file.write(code)
    task = {"task_key": "main", "spark_python_task": {"python_file": f"{os.getcwd()}/{name}.py"}}
    made = session.post(host + "/api/2.2/jobs/create", json={"name": name, "tasks": [task]})
    assert made.ok, made.text
    made = session.post(host + "/api/2.0/mlflow/registry-webhooks/create", json={
        "model_name": model,
        "events": ["MODEL_VERSION_TRANSITIONED_STAGE"],
        "job_spec": {"job_id": str(made.json()["job_id"]), "access_token": os.environ["DATABRICKS_TOKEN"]},
    })
    assert made.ok, made.text
    return made.json()["webhook"]["id"]
"""


@pytest.fixture(scope="module")
def worked() -> Iterator[Ended]:
    """A lab whose webhooks start jobs: of one that says hello, of two others, and a run that takes too much."""
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

# %% one leaves something behind, the other takes its time
client.create_registered_model("left")
watcher = f"import time; time.sleep(3); open({os.getcwd() + '/outlived'!r}, 'w').close()"
leaves = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {watcher!r}], start_new_session=True)"
job("leaves", leaves, "left")
job("takes_its_time", "import time; time.sleep(6)", "left")

# %% a job that takes too much
with open("greedy.py", "w") as file:
    file.write("taken = bytearray(3 << 30)")
task = {"task_key": "greedy", "spark_python_task": {"python_file": f"{os.getcwd()}/greedy.py"}}
made = session.post(host + "/api/2.2/jobs/runs/submit", json={"run_name": "greedy", "tasks": [task]})
assert made.ok, made.text
"""
    )
    with ended(cells, STEP, {**STEP, "model": "left"}) as lab:
        yield lab


def test_what_was_delivered_is_reported(worked: Ended) -> None:
    assert [cell.outcome for cell in worked.record.cells] == ["ok"] * 5
    found = open_workspace(worked.folder / "lab" / "root" / "workspace.db", worked.record.reported)
    (telling,), (job,) = [hook for hook in found.webhooks if hook.http], found.jobs_named("hello")
    _, run = found.runs_of(job)
    started = found.start_of(run)
    assert not found.cut and run.succeeded and started is not None
    assert sorted((one.webhook, one.sha256) for one in found.delivered) == sorted(
        (one.webhook, hashlib.sha256(one.body.encode()).hexdigest()) for one in found.deliveries if not one.test
    )
    for one in found.delivered:
        assert one.status == 200 and not one.test
        if one.webhook == telling.id:
            message = next(message for message in found.received if message.sha256 == one.sha256)
            assert one.target.endswith("/lab/receiver/chat") and (one.job, one.run) == (None, None)
            assert one.signature == message.headers["x-databricks-signature"]
        elif one == started:
            assert (one.job, one.run) == (job.id, run.id)
    starts = {found.start_of(each) for each in found.runs} - {None}
    assert starts == {one for one in found.delivered if one.webhook != telling.id}


def test_what_a_job_leaves_behind_ends(worked: Ended) -> None:
    question = "SELECT run_name, result FROM job_runs WHERE run_name IN ('leaves', 'takes_its_time') ORDER BY run_name"
    assert worked.rows("workspace.db", question) == [("leaves", "SUCCESS"), ("takes_its_time", "SUCCESS")]
    assert not (worked.folder / "lab" / "root" / "outlived").exists()


def test_limits_hold_for_the_tasks_of_jobs(worked: Ended) -> None:
    question = (
        "SELECT r.result, t.error FROM job_runs r JOIN task_runs t ON t.job_run_id = r.run_id WHERE run_name = 'greedy'"
    )
    ((result, error),) = worked.rows("workspace.db", question)
    assert result == "FAILED" and "MemoryError" in error
    question = "SELECT current_stage FROM model_versions WHERE name = 'churn'"
    assert worked.rows("mlflow.db", question) == [("Staging",)]


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


@pytest.mark.proof
def test_without_a_receiver_that_answers_the_lab_ends_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = AUTOMATION.replace('host + "/lab/receiver/chat"', '"http://127.0.0.1:9/hook"')
    raised(folder, monkeypatch, cells, STEP, SECOND, settle_seconds=1)
    versions = rows(folder, "mlflow.db", "SELECT version, current_stage FROM model_versions")
    assert versions == [(1, "Staging"), (2, "Production")]
