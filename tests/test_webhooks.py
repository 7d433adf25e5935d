"""Registry webhooks, as clients see them and as receivers do: by the real clients, against a real server."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import sqlite3
import ssl
import subprocess
import threading
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, ResourceDoesNotExist
from databricks.sdk.service.ml import HttpUrlSpec, RegistryWebhookEvent, RegistryWebhookStatus

from grader.lab.inside.lab_workspace.events import EVENTS
from tests.workspace_server import TOKEN, Listener, Server, refused, served

pytestmark = pytest.mark.server

TRANSITIONED = "MODEL_VERSION_TRANSITIONED_STAGE"
HOOKS = "registry-webhooks"
BAD_REQUEST = (400, "INVALID_PARAMETER_VALUE")
MALFORMED = (400, "MALFORMED_REQUEST")
GONE = (404, "RESOURCE_DOES_NOT_EXIST")

JOBS = """
import lab_workspace.jobs as jobs
def check(services, job_id):
    if job_id not in ("7", "8", "9"):
        raise jobs.NoSuchJob(job_id)
def start_job(services, job_id, parameters, key):
    import json
    check(services, job_id)
    if job_id == "9":
        raise RuntimeError("broken")
    if job_id == "8":
        raise jobs.ApiError("INVALID_PARAMETER_VALUE", "Job 8 is full.")
    with open(services.settings.root / "runs", "a") as file:
        file.write(json.dumps([job_id, parameters, key]) + "\\n")
    return 41
jobs.check, jobs.start_job = check, start_job
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that most tests share: each with models and receivers of its own."""
    with served(tmp_path_factory.mktemp("workspace"), code=JOBS) as server:
        yield server


@pytest.fixture
def mortal(server: Server) -> Iterator[Server]:
    """The server that tests share, for one that ends it: it runs again for the others."""
    yield server
    server.revive()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that waits for no receiver for long."""
    code = "import sys; sys.stderr = open('stderr', 'w', buffering=1)"
    with served(tmp_path_factory.mktemp("impatient"), code=code, LAB_WORKSPACE_ATTEMPT_SECONDS="1") as server:
        yield server


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def sdk(server: Server) -> WorkspaceClient:
    return WorkspaceClient(host=server.host, token=TOKEN)


def database(server: Server, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What the workspace has kept, read as the judge reads it."""
    with contextlib.closing(sqlite3.connect(server.root / "workspace.db")) as connection:
        return connection.execute(query, values).fetchall()


def bodies(server: Server, name: str) -> list[dict[str, Any]]:
    return [json.loads(message["body"]) for message in server.received(name)]


def events(server: Server, name: str) -> list[str]:
    return [body["event"] for body in bodies(server, name)]


# What is kept and shown


def test_a_webhook_is_shown_without_its_secrets(server: Server) -> None:
    server.model("shown")
    spec = {"url": "https://hooks.example.com/x?y=1", "secret": "s3cret", "authorization": "Bearer hidden"}
    made = server.hook(TRANSITIONED, model_name="shown", description="why", status="TEST_MODE", http_url_spec=spec)
    times = made.pop("creation_timestamp"), made.pop("last_updated_timestamp")
    assert times[0] == times[1] > 1_600_000_000_000
    assert len(made.pop("id")) == 32
    assert made == {
        "model_name": "shown",
        "events": [TRANSITIONED],
        "description": "why",
        "status": "TEST_MODE",
        "http_url_spec": {"url": "https://hooks.example.com/x?y=1", "enable_ssl_verification": True},
    }
    listed = server.call("GET", f"{HOOKS}/list").text
    assert "s3cret" not in listed and "hidden" not in listed


def test_every_published_event_is_taken(server: Server) -> None:
    assert len(EVENTS) == 12 and set(EVENTS) == {event.value for event in RegistryWebhookEvent}
    assert server.hook(*EVENTS, to="all", status="DISABLED")["events"] == list(EVENTS)


def test_both_published_paths_are_one(server: Server) -> None:
    server.model("paths")
    body = {"model_name": "paths", "events": [TRANSITIONED], "http_url_spec": {"url": "https://example.com"}}
    preview = f"/api/2.0/preview/mlflow/{HOOKS}"
    made = server.post(f"{preview}/create", body)["webhook"]
    assert server.get(f"{HOOKS}/list", params={"model_name": "paths"})["webhooks"] == [made]
    server.call("DELETE", f"{preview}/delete", json={"id": made["id"]})
    assert server.get(f"{preview}/list", params={"model_name": "paths"}) == {}


def test_lists_are_filtered_and_come_in_pages_of_a_stable_order(server: Server) -> None:
    server.model("pages")
    two = ("MODEL_VERSION_CREATED", "COMMENT_CREATED")
    made = [server.hook(two[n % 2], to="pages", model_name="pages", status="DISABLED")["id"] for n in range(7)]

    def ids(**asked: object) -> list[str]:
        found, token = [], None
        while True:
            more: dict[str, object] = {"page_token": token} if token else {}
            page = server.get(f"{HOOKS}/list", params={"model_name": "pages", "max_results": 2, **asked, **more})
            assert len(page.get("webhooks", ())) <= 2
            found += [hook["id"] for hook in page.get("webhooks", ())]
            token = page.get("next_page_token")
            if token is None:
                return found

    assert ids() == made
    assert ids(events=two[0]) == made[::2]
    assert ids(events=list(two)) == made
    assert ids(events="MODEL_VERSION_TAG_SET") == []
    server.patch(f"{HOOKS}/update", {"id": made[3], "description": "changed"})
    assert ids() == made, "a change does not move a webhook"
    # As the published example asks: with a body.
    told = server.call("GET", f"{HOOKS}/list", json={"model_name": "pages", "max_results": 1}).json()
    assert [hook["id"] for hook in told["webhooks"]] == made[:1]


def test_an_update_changes_what_it_names_and_nothing_else(server: Server) -> None:
    made = server.hook("MODEL_VERSION_CREATED", to="one", description="before")
    server.patch(f"{HOOKS}/update", {"id": made["id"], "status": "DISABLED"})
    new = {"url": server.receiver("two"), "secret": "k"}
    told = server.patch(f"{HOOKS}/update", {"id": made["id"], "events": ["COMMENT_CREATED"], "http_url_spec": new})
    hook = told["webhook"]
    assert (hook["status"], hook["description"], hook["events"]) == ("DISABLED", "before", ["COMMENT_CREATED"])
    assert hook["http_url_spec"]["url"] == server.receiver("two")
    assert hook["creation_timestamp"] == made["creation_timestamp"] <= hook["last_updated_timestamp"]


def test_what_is_deleted_is_gone(server: Server) -> None:
    made = server.hook("COMMENT_CREATED", to="deleted")
    assert server.call("DELETE", f"{HOOKS}/delete", params={"id": made["id"]}).json() == {}
    for method, path in (("PATCH", "update"), ("DELETE", "delete"), ("POST", "test")):
        assert refused(server.call(method, f"{HOOKS}/{path}", json={"id": made["id"]})) == GONE


# What is refused

GOOD: dict[str, Any] = {"events": [TRANSITIONED], "http_url_spec": {"url": "https://example.com/hook"}}
JOB = {"job_spec": {"job_id": "7", "access_token": TOKEN}}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"events": ["MODEL_VERSION_DREAMT"]}, BAD_REQUEST),
        ({"events": ["model_version_created"]}, BAD_REQUEST),
        ({"events": []}, BAD_REQUEST),
        ({"events": None}, BAD_REQUEST),
        ({"events": TRANSITIONED}, MALFORMED),
        ({"events": [7]}, MALFORMED),
        ({"status": "PAUSED"}, BAD_REQUEST),
        ({"status": True}, MALFORMED),
        ({"colour": "green"}, MALFORMED),
        ({"target_stage": "Production"}, MALFORMED),
        ({"description": "x" * 5001}, BAD_REQUEST),
        ({"description": ["x"]}, MALFORMED),
        ({"http_url_spec": None}, BAD_REQUEST),
        ({"http_url_spec": "https://example.com"}, MALFORMED),
        ({"http_url_spec": {}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "https://example.com", "token": "x"}}, MALFORMED),
        ({"http_url_spec": {"url": 7.5}}, MALFORMED),
        ({"http_url_spec": {"url": "https://example.com", "enable_ssl_verification": "no"}}, MALFORMED),
        ({"http_url_spec": {"url": "https://example.com", "authorization": "Bearer x\r\nX-Other: y"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "http://example.com"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "http://127.0.0.1.example.com/"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "http://127.0.0.1@example.com/"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "https://[::1"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "https://example.com:99999"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "https://example.com/\r\nHost: other"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "file:///etc/passwd"}}, BAD_REQUEST),
        ({"http_url_spec": {"url": "hooks"}}, BAD_REQUEST),
        (JOB, BAD_REQUEST),
        ({"http_url_spec": None, "job_spec": {"job_id": "7"}}, BAD_REQUEST),
        ({"http_url_spec": None, "job_spec": {"access_token": TOKEN}}, BAD_REQUEST),
        ({"http_url_spec": None, "job_spec": {"job_id": "99", "access_token": TOKEN}}, BAD_REQUEST),
        ({"http_url_spec": None, "job_spec": {"job_id": [7], "access_token": TOKEN}}, MALFORMED),
        ({"model_name": "nobody"}, GONE),
        ({"model_name": {"name": "nobody"}}, MALFORMED),
    ],
)
def test_a_wrong_webhook_is_refused(server: Server, change: dict[str, Any], error: tuple[int, str]) -> None:
    before = server.get(f"{HOOKS}/list").get("webhooks", [])
    assert refused(server.call("POST", f"{HOOKS}/create", json={**GOOD, **change})) == error
    assert server.get(f"{HOOKS}/list").get("webhooks", []) == before


def test_a_registered_model_is_created_once_so_no_webhook_of_its_own_can_tell(server: Server) -> None:
    server.model("mine")
    wrong = {**GOOD, "model_name": "mine", "events": ["REGISTERED_MODEL_CREATED"]}
    assert refused(server.call("POST", f"{HOOKS}/create", json=wrong)) == BAD_REQUEST
    made = server.hook("COMMENT_CREATED", to="mine", model_name="mine")
    wrong = {"id": made["id"], "events": ["REGISTERED_MODEL_CREATED"]}
    assert refused(server.call("PATCH", f"{HOOKS}/update", json=wrong)) == BAD_REQUEST


@pytest.mark.parametrize(
    "asked",
    [
        {"max_results": 0},
        {"max_results": 1001},
        {"max_results": "many"},
        {"page_token": "7"},
        {"page_token": "YWZ0ZXI6LTE="},
        {"events": "NOTHING"},
        {"model_name": "nobody"},
        {"order": "desc"},
    ],
)
def test_a_wrong_list_is_refused(server: Server, asked: dict[str, object]) -> None:
    assert refused(server.call("GET", f"{HOOKS}/list", params=asked)) in (BAD_REQUEST, MALFORMED, GONE)


def test_a_wrong_update_changes_nothing(server: Server) -> None:
    made = server.hook("COMMENT_CREATED", to="same", description="before")
    for change in ({"events": ["NOTHING"]}, {"status": "OFF"}, {"http_url_spec": {"url": "http://example.com"}}):
        body = {"id": made["id"], "description": "after", **change}
        assert refused(server.call("PATCH", f"{HOOKS}/update", json=body)) == BAD_REQUEST
    both = {"id": made["id"], **JOB, "http_url_spec": {"url": "https://example.com"}}
    assert refused(server.call("PATCH", f"{HOOKS}/update", json=both)) == BAD_REQUEST
    assert made in server.get(f"{HOOKS}/list")["webhooks"]
    assert refused(server.call("PATCH", f"{HOOKS}/update", json={"status": "ACTIVE"})) == BAD_REQUEST


# Events


def test_a_transition_is_told_as_published_and_signed(server: Server) -> None:
    server.model("signed", versions=1)
    spec = {"url": server.receiver("signed"), "secret": "s3cret", "authorization": "Bearer theirs"}
    hook = server.hook(TRANSITIONED, model_name="signed", http_url_spec=spec)
    server.move("signed", 1, "Staging")
    (message,) = server.received("signed")
    told = json.loads(message["body"])
    assert told.pop("event_timestamp") > 1_600_000_000_000
    assert told == {
        "event": TRANSITIONED,
        "webhook_id": hook["id"],
        "model_name": "signed",
        "version": "1",
        "from_stage": "None",
        "to_stage": "Staging",
        "text": "Registered model 'signed' version 1 transitioned from None to Staging.",
    }
    expected = hmac.new(b"s3cret", message["body"].encode(), hashlib.sha256).hexdigest()
    assert message["headers"]["x-databricks-signature"] == expected
    assert message["headers"]["authorization"] == "Bearer theirs"
    assert message["headers"]["content-type"] == "application/json"


def test_without_secret_there_is_no_signature(server: Server) -> None:
    server.model("plain", versions=1)
    server.hook(TRANSITIONED, to="plain", model_name="plain")
    server.move("plain", 1, "Staging")
    (message,) = server.received("plain")
    assert not {"x-databricks-signature", "authorization"} & set(message["headers"])


def test_each_change_fires_each_of_its_events_once(server: Server) -> None:
    server.model("every", versions=2)
    server.hook(*(event for event in EVENTS if event != "REGISTERED_MODEL_CREATED"), to="every", model_name="every")
    at = {"name": "every", "version": "2"}
    server.post("model-versions/create", {"name": "every", "source": "dbfs:/nowhere"})
    server.post("model-versions/set-tag", {**at, "key": "tested", "value": "yes"})
    server.post("comments/create", {**at, "comment": "looks good"})
    server.post("transition-requests/create", {**at, "stage": "Production", "comment": "please"})
    approval = {**at, "stage": "Production", "archive_existing_versions": False}
    server.post("transition-requests/approve", approval)
    server.move("every", 1, "Production", archive=True)
    told = bodies(server, "every")
    for body in told:
        del body["webhook_id"], body["event_timestamp"], body["text"]
    both = [
        (TRANSITIONED, "MODEL_VERSION_TRANSITIONED_TO_{}"),
        ("TRANSITION_REQUEST_CREATED", "TRANSITION_REQUEST_TO_{}_CREATED"),
    ]

    def pair(kind: int, stage: str, **more: str) -> list[dict[str, str]]:
        names = both[kind][0], both[kind][1].format(stage.upper())
        return [{"event": event, "model_name": "every", "to_stage": stage, **more} for event in names]

    expected = [
        {"event": "MODEL_VERSION_CREATED", "model_name": "every", "version": "3"},
        {
            "event": "MODEL_VERSION_TAG_SET",
            "model_name": "every",
            "version": "2",
            "tags": [{"key": "tested", "value": "yes"}],
        },
        {"event": "COMMENT_CREATED", "model_name": "every", "version": "2", "comment": "looks good"},
        *pair(1, "Production", from_stage="None", version="2", comment="please"),
        *pair(0, "Production", from_stage="None", version="2"),
        *pair(0, "Archived", from_stage="Production", version="2"),
        *pair(0, "Production", from_stage="None", version="1"),
    ]
    key = json.dumps
    assert sorted(told, key=lambda b: key(b, sort_keys=True)) == sorted(expected, key=lambda b: key(b, sort_keys=True))


def test_a_registry_wide_webhook_hears_of_new_models(server: Server) -> None:
    hook = server.hook("REGISTERED_MODEL_CREATED", "MODEL_VERSION_CREATED", to="wide")
    server.model("newcomer", versions=1)
    told = [(body["event"], body["model_name"], body.get("version")) for body in bodies(server, "wide")]
    server.call("DELETE", f"{HOOKS}/delete", json={"id": hook["id"]})
    assert told == [("REGISTERED_MODEL_CREATED", "newcomer", None), ("MODEL_VERSION_CREATED", "newcomer", "1")]


def test_other_models_other_stages_and_what_was_before_are_not_told(server: Server) -> None:
    server.model("deaf", versions=1)
    server.model("neighbour", versions=1)
    server.move("deaf", 1, "Production")
    server.hook("MODEL_VERSION_TRANSITIONED_TO_PRODUCTION", to="deaf", model_name="deaf")
    server.move("deaf", 1, "Staging")
    server.move("neighbour", 1, "Production")
    assert server.received("deaf") == []
    server.move("deaf", 1, "Production")
    server.move("deaf", 1, "production")  # it is there already
    assert events(server, "deaf") == ["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"]


@pytest.mark.parametrize("status", ["DISABLED", "TEST_MODE"])
def test_only_an_active_webhook_is_told_of_what_happens(server: Server, status: str) -> None:
    name = f"only-{status}"
    server.model(name, versions=1)
    hook = server.hook(TRANSITIONED, to=name, model_name=name, status=status)
    server.move(name, 1, "Staging")
    assert server.received(name) == []
    server.patch(f"{HOOKS}/update", {"id": hook["id"], "status": "ACTIVE"})
    server.move(name, 1, "Production")
    assert [body["to_stage"] for body in bodies(server, name)] == ["Production"]


def test_it_does_not_matter_which_client_makes_a_change(
    server: Server, sdk: WorkspaceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    server.model("anyone", versions=1)
    server.hook(TRANSITIONED, to="anyone", model_name="anyone")
    monkeypatch.setenv("DATABRICKS_HOST", server.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    store = f"sqlite:///{server.store}"
    stages = ["Staging", "Production", "Archived", "None", "Staging"]
    MlflowClient(server.host).transition_model_version_stage("anyone", "1", stages[0])
    MlflowClient("databricks", "databricks").transition_model_version_stage("anyone", "1", stages[1])
    sdk.model_registry.transition_stage("anyone", "1", stages[2], archive_existing_versions=False)
    server.move("anyone", 1, stages[3])
    MlflowClient(store, store).transition_model_version_stage("anyone", "1", stages[4])
    assert [body["to_stage"] for body in bodies(server, "anyone")] == stages


def test_webhooks_follow_their_model_when_it_is_renamed_and_end_with_it(server: Server) -> None:
    server.model("old", versions=1)
    hook = server.hook(TRANSITIONED, to="follows", model_name="old")
    server.post("registered-models/rename", {"name": "old", "new_name": "new"})
    server.move("new", 1, "Staging")
    assert [body["model_name"] for body in bodies(server, "follows")] == ["new"]
    (shown,) = server.get(f"{HOOKS}/list", params={"model_name": "new"})["webhooks"]
    assert (shown["id"], shown["model_name"]) == (hook["id"], "new")
    server.call("DELETE", "registered-models/delete", json={"name": "new"})
    server.model("new", versions=1)
    assert server.get(f"{HOOKS}/list", params={"model_name": "new"}) == {}
    server.move("new", 1, "Staging")
    assert len(server.received("follows")) == 1


def test_a_deleted_version_is_no_transition(server: Server) -> None:
    server.model("erased", versions=1)
    server.hook(TRANSITIONED, to="erased", model_name="erased")
    server.call("DELETE", "model-versions/delete", json={"name": "erased", "version": "1"})
    assert server.received("erased") == []


def test_a_row_that_no_trigger_wrote_stops_nothing(server: Server) -> None:
    server.model("forged", versions=1)
    server.hook(TRANSITIONED, to="forged", model_name="forged")
    with contextlib.closing(sqlite3.connect(server.store, timeout=60)) as store, store:
        store.execute("INSERT INTO registry_journal (what, name, version) VALUES ('stage', 'forged', 'first')")
        store.execute("INSERT INTO registry_journal (what, name) VALUES (NULL, x'ff')")
    server.move("forged", 1, "Staging")
    assert events(server, "forged") == [TRANSITIONED]


# Delivery


def attempts(server: Server, hook: dict[str, Any]) -> list[tuple[Any, ...]]:
    server.settle()
    query = "SELECT status_code, error IS NULL FROM attempts WHERE webhook_id = ? ORDER BY id"
    return database(server, query, hook["id"])


def fate(server: Server, hook: dict[str, Any]) -> list[tuple[Any, ...]]:
    server.settle()
    return database(server, "SELECT state, attempts FROM deliveries WHERE webhook_id = ? ORDER BY id", hook["id"])


def told_once(server: Server, name: str, url: str, **spec: object) -> dict[str, Any]:
    """A webhook for a new model, one of whose versions is moved."""
    server.model(name, versions=1)
    hook = server.hook(TRANSITIONED, model_name=name, http_url_spec={"url": url, **spec})
    server.move(name, 1, "Staging")
    return hook


def test_a_receiver_that_fails_is_tried_again(server: Server) -> None:
    answers = [{"status": 500}, {"status": 503}, {"status": 200}]
    server.call("PUT", "/lab/receiver/moody", json={"answers": answers})
    hook = told_once(server, "moody", server.receiver("moody"), secret="k")
    assert attempts(server, hook) == [(500, 0), (503, 0), (200, 1)]
    assert fate(server, hook) == [("delivered", 3)]
    first, second, third = server.received("moody")
    assert first["body"] == second["body"] == third["body"]
    assert len({message["headers"]["x-databricks-signature"] for message in (first, second, third)}) == 1


def test_it_is_not_tried_for_ever(server: Server) -> None:
    server.call("PUT", "/lab/receiver/never", json={"answers": [{"status": 500}]})
    hook = told_once(server, "never", server.receiver("never"))
    assert fate(server, hook) == [("failed", 4)]
    assert len(server.received("never")) == 4


def test_a_refusal_is_not_tried_again(server: Server) -> None:
    server.call("PUT", "/lab/receiver/no", json={"answers": [{"status": 403, "body": "go away"}]})
    hook = told_once(server, "no", server.receiver("no"))
    assert attempts(server, hook) == [(403, 0)] and fate(server, hook) == [("failed", 1)]
    assert database(server, "SELECT response FROM attempts WHERE webhook_id = ?", hook["id"]) == [("go away",)]


def test_a_redirection_is_not_followed(server: Server, listener: Listener) -> None:
    server.call("PUT", "/lab/receiver/away", json={"answers": [{"status": 307, "location": listener.url}]})
    hook = told_once(server, "away", server.receiver("away"))
    assert attempts(server, hook) == [(307, 0)] and fate(server, hook) == [("failed", 1)]
    assert not listener.got


def test_a_huge_answer_is_not_read_to_its_end(server: Server) -> None:
    server.call("PUT", "/lab/receiver/huge", json={"answers": [{"body": "", "body_bytes": 50_000_000}]})
    hook = told_once(server, "huge", server.receiver("huge"))
    assert fate(server, hook) == [("delivered", 1)]
    ((length,),) = database(server, "SELECT length(response) FROM attempts WHERE webhook_id = ?", hook["id"])
    assert 0 < length <= 1 << 16


def test_no_other_machine_is_asked(server: Server) -> None:
    hook = told_once(server, "far", "https://hooks.example.com/x")
    assert fate(server, hook) == [("failed", 1)]
    ((status, error),) = database(server, "SELECT status_code, error FROM attempts WHERE webhook_id = ?", hook["id"])
    assert status is None and error.startswith("refused")
    assert refused(server.call("POST", f"{HOOKS}/test", json={"id": hook["id"]})) == (400, "INVALID_STATE")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_loopback_has_several_names(server: Server, host: str) -> None:
    listener = Listener(host="0.0.0.0")
    try:
        told_once(server, f"by-{host}", listener.url.replace("127.0.0.1", host))
        server.settle()
        ((headers, body),) = listener.got
        assert json.loads(body)["model_name"] == f"by-{host}" and headers["Host"].startswith(host)
    finally:
        listener.close()


def test_a_receiver_that_is_not_there_is_tried_again(server: Server, listener: Listener) -> None:
    listener.close()
    hook = told_once(server, "absent", listener.url)
    assert attempts(server, hook) == [(None, 0)] * 4


def test_a_receiver_that_speaks_no_http_fails(server: Server) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def chat() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.sendall(b"220 mail ready\r\n" * 10_000)

        threading.Thread(target=chat, daemon=True).start()
        hook = told_once(server, "mail", f"http://127.0.0.1:{listening.getsockname()[1]}/")
        assert fate(server, hook) == [("failed", 4)]
        listening.shutdown(socket.SHUT_RDWR)


def test_certificates_are_checked_unless_the_webhook_says_otherwise(server: Server, tmp_path: Path) -> None:
    listener = Listener(secure=certificate(tmp_path))
    try:
        strict = told_once(server, "strict", listener.url)
        lax = told_once(server, "lax", listener.url, enable_ssl_verification=False)
        assert fate(server, strict) == [("failed", 4)] and fate(server, lax) == [("delivered", 1)]
        assert len(listener.got) == 1
    finally:
        listener.close()


def test_an_answer_that_has_no_body_is_sent_without(impatient: Server) -> None:
    impatient.call("PUT", "/lab/receiver/empty", json={"answers": [{"status": 204, "body": "none"}, {"status": 304}]})
    hook = told_once(impatient, "empty", impatient.receiver("empty"))
    assert fate(impatient, hook) == [("delivered", 1)]
    assert impatient.call("POST", "/lab/receiver/empty").status_code == 304
    assert "Error" not in (impatient.root / "stderr").read_text()


def test_one_that_answers_in_drops_is_given_up(impatient: Server) -> None:
    import socket

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with contextlib.suppress(OSError):
                while not over.is_set():
                    connection, _ = listening.accept()
                    threading.Thread(target=drops, args=[connection], daemon=True).start()

        def drops(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.1):
                    connection.sendall(b"X-More: x\r\n")

        threading.Thread(target=drip, daemon=True).start()
        hook = told_once(impatient, "drops", f"http://127.0.0.1:{listening.getsockname()[1]}/")
        assert fate(impatient, hook) == [("failed", 4)]
        over.set()


def test_one_that_hangs_is_given_up_and_holds_up_nobody(impatient: Server) -> None:
    impatient.call("PUT", "/lab/receiver/hangs", json={"answers": [{"hang": 3600}]})
    impatient.model("two", versions=1)
    slow = impatient.hook(TRANSITIONED, to="hangs", model_name="two")
    for n in range(3):
        impatient.hook(TRANSITIONED, to=f"quick-{n}", model_name="two")
    impatient.move("two", 1, "Staging")
    deadline = threading.Event()
    for n in range(3):
        while not impatient.get(f"/lab/receiver/quick-{n}")["received"]:
            deadline.wait(0.02)
    assert fate(impatient, slow) == [("failed", 4)]
    assert attempts(impatient, slow) == [(None, 0)] * 4
    # Nobody waits for its answers any more, and so the server does not when it ends.
    assert impatient.process is not None
    impatient.process.terminate()
    impatient.process.wait()
    assert "running task" not in (impatient.root / "stderr").read_text()
    impatient.start()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "both.pem").write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


# Tests


def test_a_test_tells_what_the_receiver_answered(server: Server) -> None:
    hook = server.hook("MODEL_VERSION_TAG_SET", to="tried", status="TEST_MODE")
    assert server.post(f"{HOOKS}/test", {"id": hook["id"]}) == {"status_code": 200, "body": "OK"}
    (body,) = bodies(server, "tried")
    assert body["event"] == "MODEL_VERSION_TAG_SET" and body["tags"] and body["webhook_id"] == hook["id"]
    server.call("PUT", "/lab/receiver/tried", json={"answers": [{"status": 500, "body": "oh"}]})
    assert server.post(f"{HOOKS}/test", {"id": hook["id"]}) == {"status_code": 500, "body": "oh"}
    assert len(server.received("tried")) == 2, "a test is one attempt"
    assert database(server, "SELECT test, state FROM deliveries WHERE webhook_id = ?", hook["id"]) == [
        (1, "delivered"),
        (1, "failed"),
    ]
    other = {"id": hook["id"], "event": "COMMENT_CREATED"}
    assert refused(server.call("POST", f"{HOOKS}/test", json=other)) == BAD_REQUEST


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_can_be_tested(server: Server, event: str) -> None:
    hook = server.hook(event, to=f"try-{event}", status="TEST_MODE")
    server.post(f"{HOOKS}/test", {"id": hook["id"], "event": event})
    assert events(server, f"try-{event}") == [event]


# Jobs


def runs(server: Server) -> list[Any]:
    server.settle()
    return [json.loads(line) for line in (server.root / "runs").read_text().splitlines()]


def test_a_job_webhook_starts_a_run_with_the_event_message(server: Server) -> None:
    server.model("worked", versions=1)
    spec = {"job_id": 7, "access_token": TOKEN}
    hook = server.hook(TRANSITIONED, model_name="worked", job_spec=spec)
    assert hook["job_spec"] == {"job_id": "7"}
    server.move("worked", 1, "Staging")
    ((job, parameters, key),) = runs(server)
    message = parameters["notebook_params"]["event_message"]
    assert (job, json.loads(message)["to_stage"], json.loads(message)["model_name"]) == ("7", "Staging", "worked")
    assert parameters["python_params"] == [message] and parameters["python_named_params"] == {"event_message": message}
    assert key.startswith("webhook-delivery-")
    assert attempts(server, hook) == [(200, 1)]
    told = server.post(f"{HOOKS}/test", {"id": hook["id"]})
    assert told["status_code"] == 200 and json.loads(told["body"])["run_id"] == 41


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({"job_id": "7", "access_token": "dapi-of-another"}, 403),
        ({"job_id": "8", "access_token": TOKEN}, 400),
    ],
)
def test_a_job_that_can_not_be_run_is_told(server: Server, spec: dict[str, str], status: int) -> None:
    hook = server.hook(TRANSITIONED, job_spec=spec, status="TEST_MODE")
    told = server.post(f"{HOOKS}/test", {"id": hook["id"]})
    assert told["status_code"] == status and set(json.loads(told["body"])) == {"error_code", "message"}


def test_a_run_that_fails_to_start_is_tried_again(server: Server) -> None:
    server.model("broken", versions=1)
    hook = server.hook(TRANSITIONED, model_name="broken", job_spec={"job_id": "9", "access_token": TOKEN})
    server.move("broken", 1, "Staging")
    assert attempts(server, hook) == [(None, 0)] * 4


# Several at once, and sudden ends


def test_two_clients_that_change_one_webhook_lose_nothing(server: Server) -> None:
    hook = server.hook("COMMENT_CREATED", to="both")["id"]
    with ThreadPoolExecutor(8) as pool:
        changes: list[dict[str, Any]] = [{"description": f"d{n}"} for n in range(20)]
        changes += [{"events": [EVENTS[n % 4]]} for n in range(20)]
        changes.insert(20, {"status": "DISABLED"})
        told = list(pool.map(lambda change: server.patch(f"{HOOKS}/update", {"id": hook, **change}), changes))
    for change, answer in zip(changes, told, strict=True):
        assert change.items() <= answer["webhook"].items(), "each sees its own change"
    (shown,) = (each for each in server.get(f"{HOOKS}/list")["webhooks"] if each["id"] == hook)
    assert shown["status"] == "DISABLED" and shown["description"].startswith("d")
    assert shown["http_url_spec"]["url"] == server.receiver("both")


def test_of_two_clients_that_delete_one_webhook_one_does(server: Server) -> None:
    hook = server.hook("COMMENT_CREATED", to="once")["id"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: server.call("DELETE", f"{HOOKS}/delete", json={"id": hook}), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404]


def test_what_was_acknowledged_outlives_a_sudden_end(mortal: Server, listener: Listener) -> None:
    """Killed while clients write and while it delivers; then changes are made while it is dead."""
    server = mortal
    server.model("lasting", versions=1)
    spec = {"url": listener.url, "secret": "k"}
    own = server.hook("MODEL_VERSION_TAG_SET", "COMMENT_CREATED", model_name="lasting", http_url_spec=spec)["id"]
    tags: set[str] = set()
    made: set[str] = set()
    comments: set[str] = set()
    at = {"name": "lasting", "version": "1"}

    def write(n: int) -> None:
        with contextlib.suppress(OSError):  # whatever gets no answer was not acknowledged
            server.post("model-versions/set-tag", {**at, "key": f"k{n}", "value": "v"})
            tags.add(f"k{n}")
            server.post("comments/create", {**at, "comment": f"c{n}"})
            comments.add(f"c{n}")
            made.add(server.hook("COMMENT_CREATED", to="other", status="DISABLED")["id"])

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(write, n) for n in range(40)]
        listener.came.wait()
        server.kill()
        recorded = database(server, "SELECT body FROM deliveries WHERE state = 'delivered' AND webhook_id = ?", own)
        with contextlib.closing(sqlite3.connect(server.store, timeout=60)) as store, store:
            row = "('lasting', 1, 'dead', 'v')"
            store.execute(f"INSERT INTO model_version_tags (name, version, key, value) VALUES {row}")
        tags.add("dead")
        server.start()
        for done in work:
            done.result()
    server.settle()
    came = [body.decode() for _, body in listener.got]
    heard = [json.loads(body) for body in came]
    assert {body["tags"][0]["key"] for body in heard if "tags" in body} >= tags
    assert {body["comment"] for body in heard if "comment" in body} >= comments
    for (body,) in recorded:
        assert came.count(body) == 1, "what was answered and kept is not sent again"
    listed = {hook["id"] for hook in server.get(f"{HOOKS}/list")["webhooks"]}
    assert listed >= made
    # Each change once, whatever became of the attempts.
    change = "event, body ->> '$.tags[0].key', body ->> '$.comment'"
    told_of = database(server, f"SELECT {change} FROM deliveries WHERE webhook_id = ?", own)
    assert len(told_of) == len(set(told_of))


def test_what_others_put_into_its_queue_is_not_sent(server: Server, listener: Listener) -> None:
    columns = "webhook_id, event, model_name, version, body, state, due_ms, created_ms"
    forged = f"SELECT {columns.replace('body, state', 'upper(body), ' + repr('pending'))}"
    hook = told_once(server, "stuffed", listener.url)
    own = f"FROM deliveries WHERE webhook_id = '{hook['id']}' LIMIT 1"
    assert fate(server, hook) == [("delivered", 1)]
    with contextlib.closing(sqlite3.connect(server.root / "workspace.db", timeout=60)) as others:
        with others:
            for seal in ("NULL", "''", "seal"):
                others.execute(f"INSERT INTO deliveries ({columns}, seal) {forged}, {seal} {own}")
        assert fate(server, hook) == [("delivered", 1)] + [("dropped", 0)] * 3
        with others:
            others.execute(
                "CREATE TRIGGER forges AFTER INSERT ON receivers BEGIN "
                f"INSERT INTO deliveries ({columns}, seal) {forged}, seal(webhook_id, upper(body)) {own}; END"
            )
        try:
            assert not server.call("PUT", "/lab/receiver/other", json={"answers": []}).ok
            assert len(fate(server, hook)) == 4 and len(listener.got) == 1
        finally:
            with others:
                others.execute("DROP TRIGGER forges")
    server.settle()  # reads, and so learns that the trigger is gone
    assert server.call("PUT", "/lab/receiver/other", json={"answers": []}).ok


def test_after_its_restart_it_does_not_send_again(mortal: Server, listener: Listener) -> None:
    server = mortal
    hook = told_once(server, "told-before", listener.url)
    assert fate(server, hook) == [("delivered", 1)]
    for _ in range(2):
        server.kill()
        server.start()
        server.settle()
    assert len(listener.got) == 1


# The real clients


def test_databricks_sdk_does_it_all(server: Server, sdk: WorkspaceClient) -> None:
    registry = sdk.model_registry
    registry.create_model("by-sdk")
    registry.create_model_version("by-sdk", "dbfs:/nowhere")
    spec = HttpUrlSpec(url=server.receiver("by-sdk"), secret="k", authorization="Bearer x")
    event = RegistryWebhookEvent.COMMENT_CREATED
    made = registry.create_webhook([event], model_name="by-sdk", http_url_spec=spec).webhook
    assert made and made.id and made.status is RegistryWebhookStatus.ACTIVE
    assert made.http_url_spec and made.http_url_spec.enable_ssl_verification
    tried = registry.test_registry_webhook(made.id)
    assert (tried.status_code, tried.body) == (200, "OK")
    registry.create_comment("by-sdk", "1", "well done")
    assert [body["comment"] for body in bodies(server, "by-sdk")][-1] == "well done"
    changed = registry.update_webhook(made.id, status=RegistryWebhookStatus.DISABLED, description="later").webhook
    assert changed and changed.status is RegistryWebhookStatus.DISABLED and changed.description == "later"
    listed = list(registry.list_webhooks(model_name="by-sdk", max_results=1, events=[event]))
    assert [hook.id for hook in listed] == [made.id]
    registry.delete_webhook(made.id)
    assert list(registry.list_webhooks(model_name="by-sdk")) == []
    with pytest.raises(ResourceDoesNotExist):
        registry.delete_webhook(made.id)
    with pytest.raises(InvalidParameterValue):
        registry.create_webhook([event], model_name="by-sdk")


def test_the_guides_own_call_is_understood(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from grader.lab.inside.lab_workspace import client as understood

    class Client(MlflowClient):  # type: ignore[misc]
        pass

    understood.settle(Client)
    monkeypatch.setenv("DATABRICKS_HOST", server.host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    server.model("guided", versions=1)
    client = Client(server.host)
    with pytest.warns(UserWarning, match=r"TO_<STAGE>.*no job_spec and no model_name and no target_stage"):
        made = client.create_webhook(
            name="deploy",
            events=[TRANSITIONED],
            job_spec={"job_id": "7"},
            model_name="guided",
            target_stage="Production",
        )
    assert made.events == ["MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"] and made.job_spec == {"job_id": "7"}
    with pytest.warns(UserWarning, match="http_url_spec"):
        spec = HttpUrlSpec(url=server.receiver("guided"))
        client.create_webhook(name="tell", events=[TRANSITIONED], http_url_spec=spec, model_name="guided")
    server.move("guided", 1, "Staging")
    assert events(server, "guided") == [TRANSITIONED]
    with pytest.raises(TypeError, match="colour"):
        client.create_webhook(name="x", events=[TRANSITIONED], colour="green")
    with pytest.raises(MlflowException, match="Webhook URL"):  # MLflow's own webhooks stay what they are
        client.create_webhook("own", "https://nowhere.invalid/hook", ["registered_model.created"])


def test_what_the_guides_webhooks_are_for_is_understood_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from grader.lab.inside.lab_workspace import client as understood

    class Client(MlflowClient):  # type: ignore[misc]
        pass

    understood.settle(Client)
    for name, value in (("HOST", server.host), ("TOKEN", TOKEN)):
        monkeypatch.setenv(f"DATABRICKS_{name}", value)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    server.model("led", versions=1)
    client = Client(server.host)
    assert list(client.list_webhooks()) == []  # MLflow's own, as long as nothing else was meant
    spec = {"url": server.receiver("led")}
    with pytest.warns(UserWarning):
        made = client.create_webhook(
            name="Tell", events=[TRANSITIONED], http_url_spec=spec, model_name="led", target_stage="Production"
        )
    assert (made.name, made.webhook_id, made.job_spec) == ("Tell", made.id, None)
    with pytest.warns(UserWarning, match=r"model_registry\.list_webhooks\(\).*GET .*/list"):
        assert made.id in [hook.id for hook in client.list_webhooks()]
    with pytest.warns(UserWarning, match="list"):
        (found,) = client.list_webhooks(model_name="led", events="MODEL_VERSION_TRANSITIONED_TO_PRODUCTION")
    with pytest.warns(UserWarning, match="list"):
        assert client.get_webhook(made.id).name == found.name == "Tell"
    with pytest.warns(UserWarning, match="test_registry_webhook"):
        tried = client.test_webhook(made.id)
    assert (tried.success, tried.response_status, tried.body) == (True, 200, "OK")
    with pytest.warns(UserWarning, match="PATCH"):
        changed = client.update_webhook(made.id, status="DISABLED", events=[TRANSITIONED], target_stage="Archived")
    assert (changed.status, changed.events) == ("DISABLED", ["MODEL_VERSION_TRANSITIONED_TO_ARCHIVED"])
    with pytest.warns(UserWarning, match=r"delete_webhook\(id=\.\.\.\)"):
        client.delete_webhook(webhook_id=made.id)
    with pytest.warns(UserWarning), pytest.raises(MlflowException, match="does not exist"):
        client.get_webhook(made.id)
    with pytest.raises(MlflowException):  # an id of MLflow's own webhooks goes to MLflow
        client.delete_webhook("0b8c5f8e-6d7c-4a53-9f5b-0d9b5c6d7e8f")
    with pytest.raises(TypeError, match="colour"):
        client.list_webhooks(colour="green")


OLD_CLIENT = """
import json
from databricks_registry_webhooks import HttpUrlSpec, JobSpec, RegistryWebhooksClient
client = RegistryWebhooksClient()
spec = HttpUrlSpec(url=URL, secret="k", authorization="Bearer x")
made = client.create_webhook(["COMMENT_CREATED"], http_url_spec=spec, model_name="old-client", description="d")
job = client.create_webhook(["COMMENT_CREATED"], job_spec=JobSpec(job_id="7", access_token=TOKEN), status="TEST_MODE")
tried = client.test_webhook(made.id)
changed = client.update_webhook(made.id, status="DISABLED", events=["MODEL_VERSION_CREATED"])
listed = client.list_webhooks(model_name="old-client", events=["MODEL_VERSION_CREATED"])
client.delete_webhook(made.id)
try:
    client.create_webhook(["COMMENT_CREATED"], model_name="nobody", http_url_spec=spec)
except Exception as error:
    refusal = str(error)
print(json.dumps([made.status, job.job_spec.job_id, tried.status_code, tried.body, changed.status,
                  [hook.id == made.id for hook in listed], len(client.list_webhooks("old-client")), refusal]))
"""


@pytest.mark.proof
def test_databricks_own_client_for_webhooks_works(server: Server, tmp_path: Path) -> None:
    """In an environment of its own: it was generated for a protobuf that MLflow no longer takes."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    wanted = ["databricks-registry-webhooks==0.1.2", "protobuf>=4.25,<5"]
    fetched = subprocess.run([python, "-m", "pip", "install", "-q", *wanted], capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip(f"the client can't be fetched here: {fetched.stderr[-200:]}")
    server.model("old-client")
    code = f"URL, TOKEN = {server.receiver('old-client')!r}, {TOKEN!r}\n{OLD_CLIENT}"
    environment = {"DATABRICKS_HOST": server.host, "DATABRICKS_TOKEN": TOKEN, "HOME": str(tmp_path)}
    done = subprocess.run([python, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *told, refusal = json.loads(done.stdout)
    assert told == ["ACTIVE", "7", 200, "OK", "DISABLED", [True], 0]
    assert "RESOURCE_DOES_NOT_EXIST" in refusal
    assert len(server.received("old-client")) == 1
