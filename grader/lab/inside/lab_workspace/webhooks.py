"""Registry webhooks: create, list, update, delete and test, checked as strictly as Databricks does."""

from __future__ import annotations

import base64
import json
import sqlite3
import uuid
from typing import Any
from urllib.parse import urlsplit

from . import jobs
from .delivery import HOSTS_HERE, is_here, try_out
from .events import EVENTS
from .services import Services
from .state import now_ms
from .wire import ApiError, Fields, Request, Routes, missing

STATUSES = ("ACTIVE", "DISABLED", "TEST_MODE")
MOST_DESCRIPTION = 5000
MOST_RESULTS = 1000
MOST_URL = 2000
MOST_SECRET = 1000

_PATH = "/api/2.0/mlflow/registry-webhooks"
_SPECS = ("http_url_spec", "job_spec")


def routes(services: Services) -> Routes:
    """The endpoints for webhooks."""
    hooks = _Webhooks(services)
    return {
        ("POST", f"{_PATH}/create"): hooks.create,
        ("GET", f"{_PATH}/list"): hooks.list,
        ("PATCH", f"{_PATH}/update"): hooks.update,
        ("DELETE", f"{_PATH}/delete"): hooks.delete,
        ("POST", f"{_PATH}/test"): hooks.test,
    }


class _Webhooks:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._state = services.state
        self._journal = services.journal

    def create(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), ("model_name", "events", "description", "status", *_SPECS))
        model = fields.text("model_name") or None
        made = {
            "model_name": model,
            "events": _events(fields, model) or _raise(missing("events")),
            "status": _status(fields) or "ACTIVE",
            "description": fields.text("description", most=MOST_DESCRIPTION),
            **self._specs(fields, needed=True),
        }
        self._need_model(model)
        # What happened before this webhook was there is not its business.
        self._journal.drain()
        made |= {"id": uuid.uuid4().hex, "created_ms": now_ms(), "updated_ms": now_ms()}
        with self._state.change() as changing:
            shown = _write(changing, made, new=True)
        return {"webhook": shown}

    async def list(self, request: Request) -> bytes:
        fields = Fields(request.fields(), ("model_name", "events", "max_results", "page_token"))
        model, events = fields.text("model_name"), fields.texts("events", single=True)
        most = fields.number("max_results")
        most = MOST_RESULTS if most is None else most
        if not 0 < most <= MOST_RESULTS:
            raise ApiError("INVALID_PARAMETER_VALUE", f"max_results must be between 1 and {MOST_RESULTS}, not {most}")
        where, values = ["number > ?"], list[str]()
        if model:
            self._need_model(model)
            where.append("model_name = ?")
            values.append(model)
        if events:
            for event in events:
                _known(event)
            where.append(f"EXISTS (SELECT 1 FROM json_each(events) WHERE value IN ({', '.join('?' * len(events))}))")
            values += events
        chosen = f"FROM webhooks WHERE {' AND '.join(where)}"
        # Each webhook's JSON is kept as it is shown, so that SQLite puts a page together and none is made anew.
        ((page, last),) = self._state.rows(
            "SELECT group_concat(shown, ', '), max(number) "
            f"FROM (SELECT shown, number {chosen} ORDER BY number LIMIT {most})",
            _after(fields.text("page_token")),
            *values,
        )
        if page is None:
            return b"{}"
        more = self._state.row(f"SELECT 1 {chosen} LIMIT 1", last, *values)
        token = f', "next_page_token": "{_token(last)}"' if more else ""
        return f'{{"webhooks": [{page}]{token}}}'.encode()

    def update(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), ("id", "events", "description", "status", *_SPECS))
        hook = fields.needed("id")
        self._journal.drain()
        with self._state.change() as changing:
            row = dict(_row(changing, hook))
            new = {
                "events": _events(fields, row["model_name"]),
                "status": _status(fields),
                "description": fields.text("description", most=MOST_DESCRIPTION),
                **self._specs(fields, needed=False),
            }
            row["events"] = json.loads(row["events"])
            changed = {**row, **{name: value for name, value in new.items() if value is not None}}
            if new["http"] or new["job"]:  # one takes the other's place
                changed |= {"http": new["http"], "job": new["job"]}
            shown = _write(changing, {**changed, "updated_ms": max(now_ms(), row["updated_ms"])}, new=False)
        return {"webhook": shown}

    def delete(self, request: Request) -> dict[str, Any]:
        hook = Fields(request.fields(), ("id",)).needed("id")
        self._journal.drain()
        with self._state.change() as changing:
            _row(changing, hook)
            changing.execute("DELETE FROM webhooks WHERE id = ?", (hook,))
        return {}

    async def test(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), ("id", "event"))
        hook, event = fields.needed("id"), fields.text("event")
        row = self._state.row("SELECT * FROM webhooks WHERE id = ?", hook)
        if row is None:
            raise _no_webhook(hook)
        listened = json.loads(row["events"])
        if event and _known(event) not in listened:
            raise ApiError("INVALID_PARAMETER_VALUE", f"Webhook {hook} is not triggered by the event {event}")
        return await try_out(self._services, row, event or listened[0])

    def _need_model(self, name: str | None) -> None:
        if name and not self._journal.has_model(name):
            raise ApiError("RESOURCE_DOES_NOT_EXIST", f"Registered Model with name={name} not found")

    def _specs(self, fields: Fields, *, needed: bool) -> dict[str, str | None]:
        """Both kinds of target as JSON texts, of which at most one is given; exactly one when needed."""
        http, job = (fields.record(name) for name in _SPECS)
        if (http is not None and job is not None) or (needed and http is None and job is None):
            raise ApiError("INVALID_PARAMETER_VALUE", "Exactly one of http_url_spec and job_spec must be specified")
        return {
            "http": None if http is None else json.dumps(_http(http)),
            "job": None if job is None else json.dumps(self._job(job)),
        }

    def _job(self, given: dict[str, Any]) -> dict[str, Any]:
        fields = Fields(given, ("job_id", "workspace_url", "access_token"), "job_spec")
        spec = {"job_id": fields.needed("job_id"), "access_token": fields.needed("access_token", most=MOST_SECRET)}
        url = fields.text("workspace_url", most=MOST_URL)
        if url:
            spec["workspace_url"] = _checked_url(url, "workspace_url").rstrip("/")
        if not url or is_here(url):
            jobs.check(self._services, spec["job_id"])
        return spec


def _http(given: dict[str, Any]) -> dict[str, Any]:
    fields = Fields(given, ("url", "secret", "authorization", "enable_ssl_verification"), "http_url_spec")
    authorization = fields.text("authorization", most=MOST_SECRET)
    if authorization and not (authorization.isascii() and authorization.isprintable()):
        raise ApiError("INVALID_PARAMETER_VALUE", "authorization is no value for a header")
    verify = fields.truth("enable_ssl_verification")
    return {
        "url": _checked_url(fields.needed("url", most=MOST_URL), "url"),
        "secret": fields.text("secret", most=MOST_SECRET),
        "authorization": authorization,
        "enable_ssl_verification": True if verify is None else verify,
    }


def _checked_url(url: str, name: str) -> str:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        whole = False
    if not whole or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ApiError("INVALID_PARAMETER_VALUE", f"Invalid {name}: '{url}' is no URL of a web address")
    # Databricks takes https alone. Within a lab there are no certificates to be had for what listens on loopback.
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here(url)):
        message = (
            f"Invalid {name}: '{url}' must begin with https:// (in a lab also http:// for {', '.join(HOSTS_HERE)})"
        )
        raise ApiError("INVALID_PARAMETER_VALUE", message)
    return url


def _events(fields: Fields, model: str | None) -> list[str] | None:
    events = fields.texts("events")
    if "events" in fields and not events:
        # Clients built on protocol buffers leave an empty list out; one that is sent has no meaning.
        raise missing("events")
    events = list(dict.fromkeys(_known(event) for event in events)) if events else None
    if events and model and "REGISTERED_MODEL_CREATED" in events:
        message = "REGISTERED_MODEL_CREATED can only be specified for a registry-wide webhook, one without model_name"
        raise ApiError("INVALID_PARAMETER_VALUE", message)
    return events


def _known(event: str) -> str:
    if event not in EVENTS:
        raise ApiError("INVALID_PARAMETER_VALUE", f"Unknown event '{event}'. Supported are {', '.join(EVENTS)}")
    return event


def _status(fields: Fields) -> str | None:
    status = fields.text("status")
    if status is not None and status not in STATUSES:
        raise ApiError("INVALID_PARAMETER_VALUE", f"Unknown status '{status}'. Supported are {', '.join(STATUSES)}")
    return status


def _row(changing: sqlite3.Connection, hook: str) -> sqlite3.Row:
    row: sqlite3.Row | None = changing.execute("SELECT * FROM webhooks WHERE id = ?", (hook,)).fetchone()
    if row is None:
        raise _no_webhook(hook)
    return row


def _no_webhook(hook: str) -> ApiError:
    return ApiError("RESOURCE_DOES_NOT_EXIST", f"Webhook with id {hook} does not exist")


def _write(changing: sqlite3.Connection, hook: dict[str, Any], *, new: bool) -> dict[str, Any]:
    """Write a webhook and return what is shown of it: never a secret."""
    shown: dict[str, Any] = {
        "id": hook["id"],
        "creation_timestamp": hook["created_ms"],
        "last_updated_timestamp": hook["updated_ms"],
        "status": hook["status"],
        "events": hook["events"],
    }
    for name, spec, public in (
        ("http_url_spec", hook["http"], ("url", "enable_ssl_verification")),
        ("job_spec", hook["job"], ("job_id", "workspace_url")),
    ):
        if spec:
            shown[name] = {key: value for key, value in json.loads(spec).items() if key in public}
    shown |= {name: hook[name] for name in ("model_name", "description") if hook[name]}
    columns = ("model_name", "events", "status", "description", "http", "job", "created_ms", "updated_ms", "shown")
    values = {**hook, "events": json.dumps(hook["events"]), "shown": json.dumps(shown)}
    if new:
        names = ", ".join(("id", *columns))
        marks = ", ".join("?" * (len(columns) + 1))
        changing.execute(f"INSERT INTO webhooks ({names}) VALUES ({marks})", [values[n] for n in ("id", *columns)])
    else:
        sets = ", ".join(f"{name} = ?" for name in columns)
        changing.execute(f"UPDATE webhooks SET {sets} WHERE id = ?", [values[n] for n in (*columns, "id")])
    return shown


def _token(number: int) -> str:
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode()


def _after(token: str | None) -> int:
    if not token:
        return 0
    try:
        name, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name == "after" and number.isdigit() and len(number) < 19:
            return int(number)
    except ValueError:
        pass
    raise ApiError("INVALID_PARAMETER_VALUE", f"Invalid page token: {token[:100]}")


def _raise(error: ApiError) -> Any:
    raise error
