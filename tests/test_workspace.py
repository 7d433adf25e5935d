"""The lab's workspace as a server: who is let in, what is refused and how, and what stays MLflow's own."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied, ResourceAlreadyExists, ResourceDoesNotExist
from databricks.sdk.service.ml import ActivityType

from grader.evidence import registry, tracking
from grader.lab import _lay_store, sandbox
from grader.runtime import templates
from grader.runtime.templates import STORE
from tests.workspace_server import API, MOST_SECONDS, TOKEN, Server, lay, refused, served

pytestmark = pytest.mark.server

BAD_REQUEST = (400, "INVALID_PARAMETER_VALUE")
MALFORMED = (400, "MALFORMED_REQUEST")
GONE = (404, "RESOURCE_DOES_NOT_EXIST")
NO_ENDPOINT = (404, "ENDPOINT_NOT_FOUND")
OWN = "registry-webhooks/list"
MLFLOWS = "registered-models/search"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("workspace")) as server:
        yield server


@pytest.fixture
def mortal(server: Server) -> Iterator[Server]:
    """The server that tests share, for one that ends it: it runs again for the others."""
    yield server
    server.revive()


@pytest.fixture(scope="module")
def sdk(server: Server) -> WorkspaceClient:
    return WorkspaceClient(host=server.host, token=TOKEN)


@pytest.fixture
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a lab sets, so that MLflow's client finds the workspace."""
    monkeypatch.setenv("DATABRICKS_HOST", server.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.host)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    monkeypatch.setenv("MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT", "0")


# Who is let in


@pytest.mark.parametrize(
    "path", [OWN, MLFLOWS, "/", "/lab/status", "/ajax-api/2.0/mlflow/experiments/search", "/nothing"]
)
def test_without_a_token_nobody_is_let_in(server: Server, path: str) -> None:
    assert refused(server.call("GET", path, token=None)) == (401, "401")
    assert refused(server.call("GET", path, token="dapi-of-another")) == (403, "403")
    assert refused(server.call("GET", path, token=TOKEN + "x")) == (403, "403")
    assert refused(server.call("GET", path, token=None, headers={"Authorization": TOKEN})) == (401, "401")


def test_a_browser_is_asked_for_a_password(server: Server) -> None:
    answer = server.call("GET", "/", token=None)
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert requests.get(server.host, auth=("token", "wrong"), timeout=MOST_SECONDS).status_code == 401
    page = requests.get(server.host, auth=("token", TOKEN), timeout=MOST_SECONDS)
    assert page.ok and "<html" in page.text
    assert requests.get(f"{server.host}{API}/{OWN}", auth=("token", TOKEN), timeout=MOST_SECONDS).ok


def test_what_needs_no_token(server: Server) -> None:
    for path in ("/lab/health", "/health", "/version", "/.well-known/databricks-config", "/lab/receiver/open"):
        assert server.call("GET", path, token=None).ok
    assert server.call("POST", "/lab/receiver/open", token=None, data=b"x").text == "OK"
    assert refused(server.call("PUT", "/lab/receiver/open", token=None, json={"answers": []})) == (401, "401")


def test_the_real_clients_are_let_in_with_the_token_alone(
    server: Server, sdk: WorkspaceClient, environment: None
) -> None:
    import mlflow

    me = sdk.current_user.me()
    assert me.user_name == "learner@example.com" and me.active
    with pytest.raises(PermissionDenied, match="Invalid access token"):
        WorkspaceClient(host=server.host, token="wrong").current_user.me()
    assert [experiment.name for experiment in mlflow.MlflowClient("databricks").search_experiments()] == ["Default"]


# What is refused, and how


@pytest.mark.parametrize("path", ["registry-webhooks/create", "registered-models/create", "comments/create"])
@pytest.mark.parametrize("body", [b"{", b'{"name": }', b"\xff\xfe", b"[]", b'"name"', b"7", b"[" * 100_000])
def test_what_is_no_json_object_is_told(server: Server, path: str, body: bytes) -> None:
    assert refused(server.call("POST", path, data=body)) == MALFORMED


@pytest.mark.parametrize("path", ["registry-webhooks/create", "registered-models/create", "/lab/receiver/large", "/"])
def test_ten_megabytes_are_too_much(server: Server, path: str) -> None:
    body = json.dumps({"name": "x" * 10_000_000}).encode()
    assert refused(server.call("POST", path, data=body)) == (413, "INVALID_PARAMETER_VALUE")
    pieces = (b"x" * 100_000 for _ in range(110))  # without a length told beforehand
    assert refused(server.call("POST", path, data=pieces)) == (413, "INVALID_PARAMETER_VALUE")


def test_less_is_not(server: Server) -> None:
    server.call("POST", "/lab/receiver/fits", data=b"x" * 9_999_999)
    (got,) = server.get("/lab/receiver/fits")["received"]
    assert got["headers"]["content-length"] == "9999999" and len(got["body"]) == 1 << 20


@pytest.mark.parametrize(
    "path",
    [
        "/lab/receiver/../status",
        "/lab/receiver/%2e%2e/status",
        "/lab/receiver/..%2f..%2fapi/2.0/mlflow/registry-webhooks/list",
        "/health/../api/2.0/mlflow/registry-webhooks/list",
        "/static-files/../../../../etc/passwd",
        "/static-files/%2e%2e/%2e%2e/mlflow.db",
        "//lab/status",
        "/lab/./status",
        "/lab/..",
        "/lab\\status",
        "/lab/receiver/a%00b",
    ],
)
def test_paths_are_taken_in_their_plain_form_alone(server: Server, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.host).netloc, timeout=MOST_SECONDS)
    connection.putrequest("GET", path, skip_host=False)
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 400 and json.loads(answer.read())["error_code"] == "INVALID_PARAMETER_VALUE"


def test_artifacts_outside_of_a_runs_folder_are_not_shown(server: Server, environment: None) -> None:
    from mlflow import MlflowClient

    run = MlflowClient().create_run("0").info.run_id
    for path in ("../../../mlflow.db", "/etc/passwd", "..%2f..%2fworkspace.db"):
        answer = server.call("GET", "/get-artifact", params={"run_uuid": run, "path": path})
        assert (
            answer.status_code in (400, 404, 500) and b"SQLite" not in answer.content and b"root:" not in answer.content
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "registry-webhooks/create"),
        ("POST", OWN),
        ("GET", "registry-webhooks"),
        ("GET", "registry-webhooks/get"),
        ("POST", "/api/2.0/serving-endpoints"),
        ("GET", "/api/2.1/unity-catalog/models"),
        ("GET", "/api/2.0/permissions/registered-models/1"),
        ("DELETE", MLFLOWS),
        ("GET", "/lab/receiver/"),
        ("GET", "/lab/receiver/.hidden"),
        ("GET", "/lab/receiver/a/b"),
    ],
)
def test_what_is_not_offered_names_itself(server: Server, method: str, path: str) -> None:
    answer = server.call(method, path)
    assert refused(answer) == NO_ENDPOINT
    if "receiver" not in path:
        assert method in answer.json()["message"] and path.split("/")[-1] in answer.json()["message"]


def test_mlflows_errors_stay_mlflows(server: Server, environment: None) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import RestException

    with pytest.raises(RestException, match="not found") as caught:
        MlflowClient().get_registered_model("nobody")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    answer = server.call("POST", "registered-models/create", json={})
    assert (answer.status_code, answer.json()["error_code"]) == BAD_REQUEST


def test_an_interrupted_request_leaves_the_server_well(server: Server) -> None:
    host, port = urlsplit(server.host).hostname, urlsplit(server.host).port
    for sent in (
        b"POST /lab/receiver/cut HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
        b"\x00\x01\x02",
        b"",
    ):
        with socket.create_connection((host, port)) as connection:
            connection.sendall(sent)
    assert server.get("/lab/receiver/cut")["received"] == [], "what did not come whole did not come"


# What stays MLflow's


def test_runs_and_models_are_where_the_judge_reads_them(server: Server, environment: None) -> None:
    import mlflow
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.create_experiment("/Users/learner@example.com/served")
    run = client.create_run(experiment)
    client.log_metric(run.info.run_id, "rmse", 0.5)
    client.log_param(run.info.run_id, "depth", 3)
    client.log_text(run.info.run_id, "hello", "notes/hello.txt")
    client.set_terminated(run.info.run_id)
    with mlflow.start_run(experiment_id=experiment):
        logged = mlflow.pyfunc.log_model(
            name="model", python_model=_Twice(), pip_requirements=[], registered_model_name="twice"
        )
    assert logged.model_uri.startswith("models:/")
    found = tracking.open_store(server.root / STORE, server.root, str(server.root))
    ours = found.run(run.info.run_id)
    assert ours is not None and ours.metric("rmse") == 0.5 and ours.params == {"depth": "3"}
    assert ours.artifact("notes/hello.txt").read_text() == "hello"
    models = registry.open_registry(server.root / STORE)
    model = found.model_at(models.models["twice"].versions[1].source)
    assert model is not None and "python_function" in model.flavors
    assert model.path.is_relative_to(server.root / "mlruns")
    loaded = mlflow.pyfunc.load_model("models:/twice/1")
    assert loaded.predict([1, 2]) == [2, 4]


class _Twice:
    """Becomes a model: MLflow takes what has a ``predict`` of its own class."""

    def __new__(cls) -> Any:
        import mlflow

        class Twice(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
            def predict(self, context: object, model_input: list[int]) -> list[int]:
                return [2 * each for each in model_input]

        return Twice()


def test_models_can_be_listed_as_databricks_still_does(server: Server, sdk: WorkspaceClient) -> None:
    server.model("listed", versions=1)
    assert "listed" in [model.name for model in sdk.model_registry.list_models(max_results=1)]
    found = sdk.model_registry.get_model("listed").registered_model_databricks
    assert found and found.id and found.latest_versions and found.latest_versions[0].version == "1"
    with pytest.raises(ResourceDoesNotExist):
        sdk.model_registry.get_model("unlisted")


# Comments and requests for transitions


def test_databricks_sdk_deletes_and_searches_as_it_does_there(server: Server, sdk: WorkspaceClient) -> None:
    """It says in the query what to delete, and not how many experiments it wants: MLflow itself takes neither."""
    models = sdk.model_registry
    models.create_model("passing")
    models.create_model_version("passing", "dbfs:/nowhere")
    models.set_model_tag("passing", "a", "b")
    models.set_model_version_tag("passing", "1", "a", "b")
    models.delete_model_version_tag("passing", "1", "a")
    models.delete_model_tag("passing", "a")
    model = models.get_model("passing").registered_model_databricks
    version = models.get_model_version("passing", "1").model_version
    assert model and version and not model.tags and not version.tags
    models.delete_model_version("passing", "1")
    models.delete_model("passing")
    with pytest.raises(ResourceDoesNotExist):
        models.get_model("passing")
    for found in (sdk.experiments.search_experiments(), sdk.experiments.list_experiments()):
        assert "Default" in [experiment.name for experiment in found]


def test_comments_are_written_changed_and_deleted(server: Server, sdk: WorkspaceClient) -> None:
    server.model("spoken-of", versions=1)
    comments = sdk.model_registry
    made = comments.create_comment("spoken-of", "1", "first").comment
    assert made and made.id and made.comment == "first" and made.user_id == "learner@example.com"
    changed = comments.update_comment(made.id, "second").comment
    assert changed and (changed.id, changed.comment) == (made.id, "second")
    assert changed.creation_timestamp == made.creation_timestamp
    comments.delete_comment(made.id)
    for call in (lambda: comments.delete_comment(str(made.id)), lambda: comments.update_comment(str(made.id), "third")):
        with pytest.raises(ResourceDoesNotExist):
            call()
    for body, error in (
        ({"name": "spoken-of", "version": "2", "comment": "x"}, GONE),
        ({"name": "spoken-of", "version": "first", "comment": "x"}, GONE),
        ({"name": "nobody", "version": "1", "comment": "x"}, GONE),
        ({"name": "spoken-of", "version": "1"}, BAD_REQUEST),
        ({"name": "spoken-of", "version": "1", "comment": "x", "stage": "None"}, MALFORMED),
    ):
        assert refused(server.call("POST", "comments/create", json=body)) == error


def stage(server: Server, name: str, version: int) -> str:
    told = server.get("model-versions/get", params={"name": name, "version": version})
    return str(told["model_version"]["current_stage"])


def test_a_request_is_approved_rejected_or_withdrawn(server: Server, sdk: WorkspaceClient) -> None:
    server.model("asked-for", versions=2)
    requests_ = sdk.model_registry
    server.move("asked-for", 2, "Production")
    made = requests_.create_transition_request("asked-for", "1", "production", comment="please").request
    assert made and made.to_stage == "Production" and made.comment == "please"
    with pytest.raises(ResourceAlreadyExists):
        requests_.create_transition_request("asked-for", "1", "Production")
    requests_.create_transition_request("asked-for", "1", "Staging")
    requests_.create_transition_request("asked-for", "1", "Archived")
    listed = list(requests_.list_transition_requests("asked-for", "1"))
    assert [request.to_stage for request in listed] == ["Production", "Staging", "Archived"]
    assert {request.activity_type for request in listed} == {ActivityType.REQUESTED_TRANSITION}
    assert stage(server, "asked-for", 1) == "None", "a request alone moves nothing"

    rejected = requests_.reject_transition_request("asked-for", "1", "Staging", comment="no").activity
    assert rejected and rejected.activity_type is ActivityType.REJECTED_REQUEST and rejected.comment == "no"
    withdrawn = requests_.delete_transition_request("asked-for", "1", "Archived", "learner@example.com").activity
    assert withdrawn and withdrawn.activity_type is ActivityType.CANCELLED_REQUEST
    approved = requests_.approve_transition_request("asked-for", "1", "Production", True).activity
    assert approved and approved.activity_type is ActivityType.APPROVED_REQUEST
    assert (approved.from_stage, approved.to_stage) == ("None", "Production")
    assert (stage(server, "asked-for", 1), stage(server, "asked-for", 2)) == ("Production", "Archived")
    assert list(requests_.list_transition_requests("asked-for", "1")) == []
    for again in (
        lambda: requests_.approve_transition_request("asked-for", "1", "Production", True),
        lambda: requests_.reject_transition_request("asked-for", "1", "Staging"),
        lambda: requests_.delete_transition_request("asked-for", "1", "Archived", "learner@example.com"),
    ):
        with pytest.raises(ResourceDoesNotExist):
            again()


def test_wrong_requests_are_refused(server: Server) -> None:
    server.model("refused", versions=1)
    at = {"name": "refused", "version": "1"}
    for body, error in (
        ({**at, "stage": "Nirvana"}, BAD_REQUEST),
        (at, BAD_REQUEST),
        ({**at, "stage": ["Staging"]}, MALFORMED),
        ({**at, "version": "9", "stage": "Staging"}, GONE),
        ({**at, "stage": "Staging", "archive_existing_versions": True}, MALFORMED),
    ):
        assert refused(server.call("POST", "transition-requests/create", json=body)) == error
    move = "databricks/model-versions/transition-stage"
    assert refused(server.call("POST", move, json={**at, "stage": "Staging"})) == BAD_REQUEST
    text = {**at, "stage": "Staging", "archive_existing_versions": "true"}
    assert refused(server.call("POST", move, json=text)) == MALFORMED
    # MLflow itself refuses to archive what else is in a stage that is none to be in.
    nowhere = {**at, "stage": "Archived", "archive_existing_versions": True}
    status, code = refused(server.call("POST", move, json=nowhere))
    assert status >= 400 and code in ("INVALID_PARAMETER_VALUE", "INTERNAL_ERROR")


def test_of_several_approvals_one_counts(server: Server) -> None:
    server.model("crowd", versions=1)
    at = {"name": "crowd", "version": "1", "stage": "Staging"}
    server.post("transition-requests/create", at)
    body = {**at, "archive_existing_versions": False}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.call("POST", "transition-requests/approve", json=body), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


# The receiver


def test_the_receiver_keeps_what_it_gets_and_answers_as_it_is_told(server: Server) -> None:
    url = "/lab/receiver/kept"
    answers = [{"status": 500, "body": "oh"}, {"status": 302, "location": "http://127.0.0.1:1/"}, {"status": 204}]
    server.call("PUT", url, json={"answers": answers})
    told = [server.call("POST", url, token=None, data=f"n{n}", allow_redirects=False) for n in range(4)]
    assert [answer.status_code for answer in told] == [500, 302, 204, 204]
    assert told[0].text == "oh" and told[1].headers["location"] == "http://127.0.0.1:1/"
    got = server.get(url)["received"]
    assert [(each["body"], each["answered"]) for each in got] == [("n0", 500), ("n1", 302), ("n2", 204), ("n3", 204)]
    wrongs: list[dict[str, Any]] = [{"answers": 7}, {"answers": [{"status": 99}]}, {"answers": [{"colour": 1}]}]
    for wrong in (*wrongs, {"other": []}):
        assert refused(server.call("PUT", url, json=wrong)) in (BAD_REQUEST, MALFORMED)


# From start to end


def test_state_outlives_a_restart(mortal: Server) -> None:
    server = mortal
    server.model("lasting", versions=1)
    hook = server.hook("COMMENT_CREATED", to="lasting", model_name="lasting")
    comment = server.post("comments/create", {"name": "lasting", "version": "1", "comment": "x"})["comment"]
    server.post("transition-requests/create", {"name": "lasting", "version": "1", "stage": "Staging"})
    server.settle()
    server.kill()
    server.start()
    assert server.get("registry-webhooks/list", params={"model_name": "lasting"})["webhooks"] == [hook]
    changed = server.patch("comments/update", {"id": comment["id"], "comment": "y"})["comment"]
    assert changed["comment"] == "y"
    at = {"name": "lasting", "version": "1"}
    assert len(server.get("transition-requests/list", params=at)["requests"]) == 1
    assert len(server.received("lasting")) == 1
    # Asked to end it ends, and well.
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(MOST_SECONDS) in (0, -signal.SIGTERM)


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    lay(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "lab_workspace", "--port", str(port), "--root", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(sandbox.GUEST), "DATABRICKS_TOKEN": TOKEN}
    process = subprocess.Popen([*command, "--store", str(tmp_path / STORE)], env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/lab/health", process)
        listening = [c for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
        assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", port)]
        assert not psutil.Process(process.pid).children(), "one process"
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        assert process.poll() is None and time.monotonic() < deadline, "the server did not come up"
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(url, timeout=MOST_SECONDS).ok:
                return
        time.sleep(0.1)


def test_without_a_token_it_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lab_workspace", "--port", "0", "--root", ".", "--store", "x"]
    environment = {"PYTHONPATH": str(sandbox.GUEST), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and "DATABRICKS_TOKEN" in done.stderr


def test_in_a_lab_mlflow_finds_the_application(tmp_path: Path) -> None:
    for name in ("root", "run"):
        (tmp_path / name).mkdir()
    place = sandbox.place(sandbox.choose("auto"), tmp_path)
    code = "from mlflow.server import _find_app, _is_factory; a = _find_app('lab-workspace'); print(a, _is_factory(a))"
    done = subprocess.run(
        [*place.prefix, sys.executable, "-s", "-c", code], env=place.environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["lab_workspace.app:create_app", "True"], done.stderr


IN_A_LAB = """
import os, socket, subprocess, sys
from lab_guest import bounds
user = int(sys.argv[1])
if user:
    bounds.become(user)
listening = socket.create_server(("127.0.0.1", 0))
environment = {**os.environ, "DATABRICKS_TOKEN": "t"}
command = [sys.executable, "-s", "-m", "lab_workspace", "--fd", str(listening.fileno())]
command += ["--store", "mlflow.db", "--root", "."]
server = subprocess.Popen(command, pass_fds=[listening.fileno()], env=environment)
import requests
host = f"http://127.0.0.1:{listening.getsockname()[1]}"
with requests.Session() as session:
    session.headers["Authorization"] = "Bearer t"
    api = f"{host}/api/2.0/mlflow"
    session.post(f"{api}/registered-models/create", json={"name": "m"}).raise_for_status()
    spec = {"url": f"{host}/lab/receiver/here"}
    hook = {"events": ["MODEL_VERSION_CREATED"], "http_url_spec": spec}
    session.post(f"{api}/registry-webhooks/create", json=hook).raise_for_status()
    session.post(f"{api}/model-versions/create", json={"name": "m", "source": "dbfs:/x"}).raise_for_status()
    while session.get(f"{host}/lab/status").json()["pending_deliveries"]:
        pass
    print(len(session.get(f"{host}/lab/receiver/here").json()["received"]))
server.terminate()
server.wait()
"""


def test_it_runs_within_a_labs_walls(tmp_path: Path) -> None:
    for name in ("root", "run"):
        (tmp_path / name).mkdir()
    tmp_path.chmod(0o755)
    place = sandbox.place(sandbox.choose("auto"), tmp_path)
    template = templates.provide(lambda note: None)
    _lay_store(template / STORE, tmp_path / "root" / STORE, place.root)
    if place.user is not None:
        sandbox.hand_over(tmp_path / "root", place.user)
    done = subprocess.run(
        [*place.prefix, sys.executable, "-s", "-c", IN_A_LAB, str(place.user or 0)],
        cwd=tmp_path / "root",
        env=place.environment,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "1\n", done.stderr
    assert (tmp_path / "root" / "workspace.db").exists()


@pytest.mark.proof
def test_mlflows_own_command_serves_it(tmp_path: Path) -> None:
    """With two workers, of which one delivers."""
    lay(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    uri = f"sqlite:///{tmp_path / STORE}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(sandbox.GUEST),
        "DATABRICKS_TOKEN": TOKEN,
        "LAB_WORKSPACE_ROOT": str(tmp_path),
        "LAB_WORKSPACE_STORE": str(tmp_path / STORE),
    }
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "lab-workspace", "--workers", "2"]
    command += ["--backend-store-uri", uri, "--port", str(port), "--default-artifact-root", str(tmp_path / "mlruns")]
    process = subprocess.Popen(command, env=environment, start_new_session=True, cwd=tmp_path)
    server = Server(tmp_path)
    server.host = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{server.host}/lab/health", process)
        server.model("m", versions=1)
        server.hook("MODEL_VERSION_TRANSITIONED_STAGE", to="m", model_name="m")
        for name in ("Staging", "Production", "Archived"):
            server.move("m", 1, name)
        assert [json.loads(got["body"])["to_stage"] for got in server.received("m")] == [
            "Staging",
            "Production",
            "Archived",
        ]
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # asked to end, it would first replace the workers that have ended
        process.wait()
        server.close()


def test_many_clients_at_once(server: Server) -> None:
    server.model("busy", versions=1)
    server.hook("MODEL_VERSION_TAG_SET", to="busy", model_name="busy")
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for n in range(5):
                at = {"name": "busy", "version": "1"}
                server.post("model-versions/set-tag", {**at, "key": f"{worker}-{n}", "value": "v"})
                server.get("registry-webhooks/list", params={"model_name": "busy"})
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    keys = [json.loads(got["body"])["tags"][0]["key"] for got in server.received("busy")]
    assert sorted(keys) == sorted(f"{worker}-{n}" for worker in range(8) for n in range(5))


def test_basic_authorization_is_databricks_older_way(server: Server) -> None:
    for user, password, status in (("token", TOKEN, 200), ("learner", TOKEN, 403), ("token", "x", 403)):
        given = base64.b64encode(f"{user}:{password}".encode()).decode()
        answer = server.call("GET", OWN, token=None, headers={"Authorization": f"Basic {given}"})
        assert answer.status_code == status
