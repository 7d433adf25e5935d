"""The application: MLflow's own, behind a door that checks tokens and bodies, with the workspace's endpoints."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import fcntl
import hmac
import inspect
import json
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlencode

from . import activities, jobs, receiver, webhooks
from .delivery import Dispatcher
from .services import Services, Settings
from .wire import JSON, Answer, ApiError, Handler, Request, Routes, read_object

MOST_BODY = 10_000_000
"""Bytes of a request: Databricks takes requests of less than 10 MB."""
MOST_DRAINED = 64 << 20
"""Bytes of a request that is too long which are still taken in, so that its sender gets to read the answer."""

WORKSPACE_ID = "1234567890123456"
_OPEN = {"/health", "/version", "/lab/health", "/.well-known/databricks-config"}
"""What needs no token, beside the receiver's own address."""
_BAD_PATH = re.compile(r"(^|/)\.{1,2}(/|$)|//|[\\\x00-\x1f\x7f]")
_PREVIEW, _API = "/api/2.0/preview/mlflow/", "/api/2.0/mlflow/"
_EXPERIMENTS = f"{_API}experiments/search"
_MOVED = {
    f"{_API}experiments/list": _EXPERIMENTS,
    f"{_API}registered-models/list": f"{_API}registered-models/search",
}
"""Endpoints that Databricks serves still and MLflow has under another name."""
_MOST_EXPERIMENTS = 1000
_NO_BODY = (204, 304)
"""Answers of these have none: RFC 9110, sections 15.3.5 and 15.4.5."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def create_app(key: bytes = b"", report: Callable[[Mapping[str, Any]], None] = lambda told: None) -> Workspace:
    """The application with the settings of the environment. MLflow's server finds it as the app ``lab-workspace``.

    ``key`` and ``report`` as :class:`lab_workspace.services.Services` has them.
    """
    from mlflow.server.fastapi_app import app

    services = Services.of(Settings.of_environment(), key)
    services.report = report
    return Workspace(app, services)


class Workspace:
    """An ASGI application around MLflow's."""

    def __init__(self, mlflow_app: Application, services: Services) -> None:
        self._mlflow = mlflow_app
        self._services = services
        self._tasks: list[asyncio.Task[None]] = []
        self._hold: BinaryIO | None = None
        settings = services.settings
        self._allowed = (
            f"Bearer {settings.token}".encode(),
            b"Basic " + base64.b64encode(f"token:{settings.token}".encode()),
        )
        self._routes: Routes = {
            ("GET", "/lab/health"): self._health,
            ("GET", "/lab/status"): self._status,
            ("GET", "/.well-known/databricks-config"): self._config,
            ("GET", "/api/2.0/preview/scim/v2/Me"): self._me,
            **webhooks.routes(services),
            **activities.routes(services),
            **jobs.routes(services),
        }
        self._paths = {path for _, path in self._routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's life as a whole."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    # From start to end

    async def _live(self, receive: Receive, send: Send) -> None:
        # MLflow's own start and end look for containers of its assistant, which no lab has.
        await receive()
        self._hold = _held(self._services.settings.root / "workspace.lock")
        if self._hold:  # of several workers one delivers
            runs = (Dispatcher(self._services).run(), jobs.run(self._services))
            self._tasks = [asyncio.ensure_future(run) for run in runs]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._services.state.close()
        if self._hold:
            self._hold.close()
        await send({"type": "lifespan.shutdown.complete"})

    # One request

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _one_name(scope["path"])
        # Taken in before anything is said of it: whoever is answered while it sends may never read the answer.
        body = await _body(receive)
        if body is None:
            return
        try:
            if _BAD_PATH.search(scope["path"]):
                raise ApiError("INVALID_PARAMETER_VALUE", "The path of the request is not in its plain form")
            to_receiver = path.startswith(receiver.PREFIX)
            if path not in _OPEN and not (to_receiver and scope["method"] != "PUT"):
                self._check_token(scope)
            if len(body) >= MOST_BODY:
                raise ApiError("INVALID_PARAMETER_VALUE", f"A request has less than {MOST_BODY} bytes", 413)
            if to_receiver:
                own = self._own(lambda request: receiver.handle(self._services, request), scope, path, body)
                answer = await _unless_gone(own, receive)
            elif handler := self._routes.get((scope["method"], path)):
                answer = await self._own(handler, scope, path, body)
            elif path in self._paths:
                raise _no_endpoint(scope)
            else:
                if path.startswith(_API) and scope["method"] != "GET":
                    read_object(body)
                await self._pass_on(scope, path, body, receive, send)
                return
        except ApiError as error:
            answer = error.answer()
            if answer.status == 401:
                # A browser asks its user for a name, which is "token", and a password.
                answer = Answer(answer.body, 401, (*answer.headers, ("www-authenticate", 'Basic realm="workspace"')))
        await _send(send, answer)

    def _check_token(self, scope: Scope) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        if given is None or not given.startswith((b"Bearer ", b"Basic ")):
            message = "Credential was not sent or was of an unsupported type for this API."
            raise ApiError("401", message, 401)
        if not any(hmac.compare_digest(given, allowed) for allowed in self._allowed):
            if given.startswith(b"Basic ") and not scope["path"].startswith("/api/"):
                raise ApiError("401", "Invalid access token.", 401)  # the browser asks again
            raise ApiError("403", "Invalid access token.", 403)

    async def _own(self, handler: Handler, scope: Scope, path: str, body: bytes) -> Answer:
        """Have one of the workspace's own handlers answer."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request = Request(scope["method"], path, query, headers, body)
        try:
            if inspect.iscoroutinefunction(handler):
                told = await handler(request)
            else:
                told = (
                    handler(request) if path.startswith(receiver.PREFIX) else await asyncio.to_thread(handler, request)
                )
                if inspect.isawaitable(told):
                    told = await told
        except ApiError:
            raise
        except Exception as error:
            raise _as_api_error(error) from error
        if request.method != "GET":
            self._services.nudge()
        if isinstance(told, Answer):
            return told
        return Answer(told if isinstance(told, bytes) else json.dumps(told).encode())

    async def _pass_on(self, scope: Scope, path: str, body: bytes, receive: Receive, send: Send) -> None:
        """Have MLflow answer; what it does not know is told in Databricks' words."""
        inner, body = _in_mlflows_words(scope, path, body)
        given = [{"type": "http.request", "body": body, "more_body": False}]
        swallow = False

        async def replay() -> MutableMapping[str, Any]:
            return given.pop() if given else await receive()

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal swallow
            if message["type"] == "http.response.start" and message["status"] in (404, 405):
                kind = dict(message.get("headers", ())).get(b"content-type", b"")
                swallow = path.startswith("/api/") and not kind.startswith(JSON.encode())
            if not swallow:
                await send(message)

        await self._mlflow(inner, replay, watched)
        if swallow:
            await _send(send, _no_endpoint(scope).answer())
        elif scope["method"] != "GET":
            self._services.nudge()

    # Small endpoints

    async def _health(self, request: Request) -> bytes:
        return b"{}"

    def _status(self, request: Request) -> dict[str, Any]:
        """How much is left to do once all changes up to now are known: whoever waits for webhooks asks this."""
        # Runs are counted first and last: one that ends in between may have changed what the journal tells, and a
        # delivery that is made in between may have started one.
        before = jobs.status(self._services)
        self._services.journal.drain()
        (row,) = self._services.state.rows("SELECT count(*) AS pending FROM deliveries WHERE state = 'pending'")
        after = jobs.status(self._services)
        return {"pending_deliveries": row["pending"], **{name: max(before[name], after[name]) for name in after}}

    async def _config(self, request: Request) -> dict[str, Any]:
        host = f"http://{request.headers.get('host', '127.0.0.1')}"
        return {"oidc_endpoint": f"{host}/oidc", "workspace_id": WORKSPACE_ID}

    async def _me(self, request: Request) -> dict[str, Any]:
        user = self._services.settings.user
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "1000",
            "userName": user,
            "displayName": user.partition("@")[0],
            "active": True,
            "emails": [{"type": "work", "value": user, "primary": True}],
            "groups": [{"display": name, "type": "direct", "value": name} for name in ("users", "admins")],
        }


def _one_name(path: str) -> str:
    """The path under the first of the names that Databricks publishes for the same endpoint."""
    return _API + path.removeprefix(_PREVIEW) if path.startswith(_PREVIEW) else path


def _in_mlflows_words(scope: Scope, path: str, body: bytes) -> tuple[Scope, bytes]:
    """A request as MLflow takes it.

    Databricks takes what is to be deleted from the query too, as its own clients send it, and lists experiments for
    whoever does not say how many are wanted.
    """
    inner, query = dict(scope), parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if moved := _MOVED.get(path):
        inner |= {"path": moved, "raw_path": moved.encode()}
    if _MOVED.get(path, path) == _EXPERIMENTS and scope["method"] == "GET":
        query.setdefault("max_results", [str(_MOST_EXPERIMENTS)])
        return {**inner, "query_string": urlencode(query, doseq=True).encode()}, body
    if path == _EXPERIMENTS:
        new = json.dumps({"max_results": _MOST_EXPERIMENTS, **read_object(body)}).encode()
    elif path.startswith(_API) and scope["method"] == "DELETE" and query and not body.strip():
        new = json.dumps({name: values[0] for name, values in query.items()}).encode()
    else:
        return inner, body
    headers = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"content-type")]
    headers += [(b"content-length", str(len(new)).encode()), (b"content-type", JSON.encode())]
    return {**inner, "headers": headers}, new


def _no_endpoint(scope: Scope) -> ApiError:
    return ApiError(
        "ENDPOINT_NOT_FOUND", f"No API found for '{scope['method']} {scope['path'].removeprefix('/api/2.0')}'"
    )


def _as_api_error(error: Exception) -> ApiError:
    """MLflow's errors have Databricks' codes already."""
    code, status = getattr(error, "error_code", None), getattr(error, "get_http_status_code", None)
    if isinstance(code, str) and status is not None:
        return ApiError(code, str(getattr(error, "message", error)), int(status()))
    traceback.print_exception(error, file=sys.stderr)
    return ApiError("INTERNAL_ERROR", f"The workspace failed on this request: {type(error).__name__}")


async def _body(receive: Receive) -> bytes | None:
    """The body, or the beginning of one that is too long; None when its sender is gone before its end."""
    pieces: list[bytes] = []
    length, more = 0, True
    while more and length < MOST_DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        if length < MOST_BODY:
            pieces.append(piece)
        length += len(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


async def _unless_gone(own: Coroutine[Any, Any, Answer], receive: Receive) -> Answer:
    """The answer. Stops waiting when the client disconnects: a hanging receiver would delay the server's end."""
    work, gone = asyncio.ensure_future(own), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        work.cancel()
    return await work


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in answer.headers]
    body = b"" if answer.status in _NO_BODY else answer.body
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _held(path: Any) -> BinaryIO | None:
    """A lock that ends with the process, or None when another has it."""
    file: BinaryIO = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with contextlib.suppress(OSError):
            file.close()
        return None
    return file
