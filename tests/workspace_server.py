"""A lab's workspace as a real process on a free port, with a store of its own, for tests and measurements."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from grader.lab import _lay_store, sandbox
from grader.runtime import templates

TOKEN = "dapi-of-the-lab"
MOST_SECONDS = 120
"""How long anything is waited for before a test has failed."""
API = "/api/2.0/mlflow"


class Server:
    """The workspace's process. Its socket is kept here, so that it can be killed and started anew on the same port."""

    def __init__(self, root: Path, *, code: str = "", **environment: str) -> None:
        self.root = root
        self.store = root / templates.STORE
        self._code = code
        self._environment = environment
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.host = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it need not be ready: whoever connects waits."""
        where = ["--fd", str(self._socket.fileno()), "--store", str(self.store), "--root", str(self.root)]
        how = ["-c", f"{self._code}\nfrom lab_workspace.__main__ import main\nmain()"] if self._code else None
        self.process = subprocess.Popen(
            [sys.executable, *(how or ["-m", "lab_workspace"]), *where],
            pass_fds=[self._socket.fileno()],
            cwd=self.root,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.root),
                "PYTHONPATH": str(sandbox.GUEST),
                "DATABRICKS_TOKEN": TOKEN,
                "LAB_WORKSPACE_BACKOFF_SECONDS": "0.05",
                **self._environment,
            },
        )

    def revive(self) -> None:
        """Start it anew if it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """End it as nothing can prepare for."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it for good."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self._socket.close()

    def call(self, method: str, path: str, *, token: str | None = TOKEN, **more: Any) -> requests.Response:
        """A request; ``path`` begins with a slash, or is the name of an endpoint below ``/api/2.0/mlflow/``."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        url = self.host + (path if path.startswith("/") else f"{API}/{path}")
        return requests.request(method, url, headers=headers, timeout=MOST_SECONDS, **more)

    def get(self, path: str, **more: Any) -> Any:
        """What a GET answers, which must go well."""
        return _told(self.call("GET", path, **more))

    def post(self, path: str, body: Any, **more: Any) -> Any:
        """What a POST of JSON answers, which must go well."""
        return _told(self.call("POST", path, json=body, **more))

    def patch(self, path: str, body: Any) -> Any:
        """What a PATCH with JSON answers, which must go well."""
        return _told(self.call("PATCH", path, json=body))

    def settle(self) -> None:
        """Wait until nothing is left to be delivered."""
        deadline = time.monotonic() + MOST_SECONDS
        while self.get("/lab/status")["pending_deliveries"]:
            assert time.monotonic() < deadline, "deliveries are still pending"
            time.sleep(0.02)

    def received(self, name: str) -> list[dict[str, Any]]:
        """What the lab's own receiver got under a name, once nothing is left to be delivered."""
        self.settle()
        got: list[dict[str, Any]] = self.get(f"/lab/receiver/{name}")["received"]
        return got

    def receiver(self, name: str) -> str:
        """The address of the lab's own receiver."""
        return f"{self.host}/lab/receiver/{name}"

    def hook(self, *events: str, to: str = "", **more: Any) -> dict[str, Any]:
        """A new webhook: to the lab's own receiver ``to``, unless told otherwise."""
        body = {"events": list(events), **({"http_url_spec": {"url": self.receiver(to)}} if to else {}), **more}
        made: dict[str, Any] = self.post("registry-webhooks/create", body)["webhook"]
        return made

    def model(self, name: str, versions: int = 0) -> None:
        """A registered model with versions that have no files."""
        self.post("registered-models/create", {"name": name})
        for _ in range(versions):
            self.post("model-versions/create", {"name": name, "source": "dbfs:/nowhere"})

    def move(self, name: str, version: int, stage: str, *, archive: bool = False) -> None:
        """Move a version to a stage as MLflow does."""
        body = {"name": name, "version": str(version), "stage": stage, "archive_existing_versions": archive}
        self.post("model-versions/transition-stage", body)


def _told(answer: requests.Response) -> Any:
    assert answer.ok, f"{answer.status_code}: {answer.text}"
    return answer.json()


def refused(answer: requests.Response) -> tuple[int, str]:
    """Status and error code of an answer, which must be a refusal as Databricks publishes it."""
    told = answer.json()
    assert set(told) == {"error_code", "message"} and told["message"], told
    assert answer.headers["content-type"].startswith("application/json")
    return answer.status_code, told["error_code"]


def lay(root: Path) -> None:
    """A lab's store in a folder."""
    template = templates.provide(lambda note: None)
    _lay_store(template / templates.STORE, root / templates.STORE, str(root))


@contextlib.contextmanager
def served(root: Path, *, code: str = "", **environment: str) -> Iterator[Server]:
    """A workspace in a fresh folder; ``code`` runs in its process beforehand."""
    lay(root)
    server = Server(root, code=code, **environment)
    try:
        server.start()
        yield server
    finally:
        server.close()


class Listener:
    """A receiver of a test's own: answers as it is told to, one after another, and keeps what it got."""

    def __init__(self, *answers: int, host: str = "127.0.0.1", secure: ssl.SSLContext | None = None) -> None:
        self.answers = list(answers)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.came = threading.Event()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((dict(self.headers), body))
                status = listener.answers.pop(0) if listener.answers else 200
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"taken")
                listener.came.set()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        if secure:
            self._server.socket = secure.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if secure else 'http'}://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
