"""Delivers what is due to webhooks: real requests to loopback, runs of jobs; every attempt is kept.

A delivery that was kept as made is never made again. One that was under way when the server was killed is made after
its restart: whether its receiver had answered is not known. One without the server's seal is dropped.

What is kept can be changed by others. So each attempt is reported to the lab's first process too, as an object with
``delivery`` and ``webhook`` (ids), ``test``, ``sha256`` (of the body), ``target``, ``signature``, ``status`` (of HTTP,
or null), ``job`` and ``run`` (ids, or null).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import json
import sqlite3
import ssl
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import h11

from . import jobs
from .events import payload
from .services import Services
from .state import now_ms
from .wire import ApiError

HOSTS_HERE = ("127.0.0.1", "localhost", "[::1]")
MOST_RESPONSE = 64 << 10
"""Bytes of a receiver's answer that are read and kept."""
MOST_TARGET = 400
"""Characters of a target that are reported."""
MOST_AT_ONCE = 16
_MANY = 200


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: an HTTP status and the answer's beginning, or why there is none."""

    target: str
    status: int | None = None
    response: str = ""
    error: str | None = None
    signature: str | None = None
    again: bool = False
    """Whether another attempt may help."""
    job: int | None = None
    run: int | None = None
    """The job that was run, and the run of it."""

    @property
    def made(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


def is_here(url: str) -> bool:
    """Whether a URL names this machine's loopback, without asking any name server."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


class Dispatcher:
    """Turns the journal into deliveries and makes those that are due, several at once, one at a time per webhook."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._busy: dict[str, asyncio.Task[None]] = {}
        services.nudge = self.nudge

    def nudge(self) -> None:
        """Look for work now. May be called from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended: the next server looks
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    await asyncio.to_thread(self._services.journal.drain)
                except ApiError:
                    pass  # the store is gone or locked for now
                except Exception:
                    traceback.print_exc(file=sys.stderr)
                self._start_due()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._services.settings.poll)
        finally:
            for task in self._busy.values():
                task.cancel()

    def _start_due(self) -> None:
        rows = self._services.state.rows(
            "SELECT webhook_id, min(id) AS id FROM deliveries WHERE state = 'pending' AND due_ms <= ? "
            f"GROUP BY webhook_id ORDER BY id LIMIT {_MANY}",
            now_ms(),
        )
        for row in rows:
            hook = row["webhook_id"]
            if len(self._busy) < MOST_AT_ONCE and hook not in self._busy:
                self._busy[hook] = asyncio.ensure_future(self._deliver(hook, row["id"]))

    async def _deliver(self, hook: str, number: int) -> None:
        try:
            await self._attempt(number)
        except Exception:  # a full disk, say: nothing was kept, so it is still due
            traceback.print_exc(file=sys.stderr)
            await asyncio.sleep(self._services.settings.attempt)
        finally:
            del self._busy[hook]
            self._wake.set()

    async def _attempt(self, number: int) -> None:
        state, settings = self._services.state, self._services.settings
        (delivery,) = state.rows(
            "SELECT *, seal IS seal(webhook_id, body) AS sealed FROM deliveries WHERE id = ?", number
        )
        hook = state.row("SELECT * FROM webhooks WHERE id = ?", delivery["webhook_id"])
        if hook is None or not delivery["sealed"]:  # it was deleted meanwhile, or somebody else wrote the row
            with state.change() as changing:
                changing.execute(
                    "UPDATE deliveries SET state = 'dropped', ended_ms = ? WHERE id = ?", (now_ms(), number)
                )
            return
        at = now_ms()
        outcome = await _send(self._services, hook, delivery["body"], f"webhook-delivery-{number}")
        _report(self._services, number, hook["id"], delivery["body"], outcome, test=False)
        tried = delivery["attempts"] + 1
        again = outcome.again and tried < settings.attempts
        ended = None if again else now_ms()
        due = now_ms() + int(settings.backoff * 1000 * 2 ** (tried - 1))
        with state.change() as changing:
            _keep(changing, number, hook["id"], at, outcome)
            changing.execute(
                "UPDATE deliveries SET state = ?, attempts = ?, due_ms = ?, ended_ms = ? WHERE id = ?",
                ("delivered" if outcome.made else "pending" if again else "failed", tried, due, ended, number),
            )


async def try_out(services: Services, hook: sqlite3.Row, event: str) -> dict[str, Any]:
    """Send a webhook a made-up event of the given kind now, and tell what it answered."""
    model = hook["model_name"] or "test_model"
    more: dict[str, Any] = {}
    version: str | None = "1"
    if event.startswith("MODEL_VERSION_TRANSITIONED") or event.startswith("TRANSITION_REQUEST"):
        stages = [stage for stage in ("Staging", "Production", "Archived") if stage.upper() in event]
        more = {"to_stage": stages[0] if stages else "Staging", "from_stage": "None"}
    elif event == "MODEL_VERSION_TAG_SET":
        more = {"tags": [{"key": "key", "value": "value"}]}
    elif event == "COMMENT_CREATED":
        more = {"comment": "A comment"}
    elif event == "REGISTERED_MODEL_CREATED":
        version = None
    text = f"This is a test of the webhook: {event} for registered model '{model}'."
    at = now_ms()
    body = payload(event, hook["id"], model, version, text, more, at_ms=at)
    with services.state.change() as changing:
        # Kept as under way, and never made again: whoever asked for the test is told how it ended, or nobody is.
        number = changing.execute(
            "INSERT INTO deliveries (webhook_id, event, model_name, version, body, test, state, due_ms, created_ms) "
            "VALUES (?, ?, ?, ?, ?, 1, 'test', ?, ?)",
            (hook["id"], event, model, version, body, at, at),
        ).lastrowid
    assert number is not None
    outcome = await _send(services, hook, body, f"webhook-test-{number}")
    _report(services, number, hook["id"], body, outcome, test=True)
    with services.state.change() as changing:
        _keep(changing, number, hook["id"], at, outcome)
        changing.execute(
            "UPDATE deliveries SET state = ?, attempts = 1, ended_ms = ? WHERE id = ?",
            ("delivered" if outcome.made else "failed", now_ms(), number),
        )
    if outcome.status is None:
        raise ApiError("INVALID_STATE", f"The webhook could not be delivered: {outcome.error}")
    return {"status_code": outcome.status, "body": outcome.response}


def _report(services: Services, delivery: int, hook: str, body: str, outcome: Outcome, *, test: bool) -> None:
    services.report(
        {
            "delivery": delivery,
            "webhook": hook,
            "test": test,
            "sha256": hashlib.sha256(body.encode()).hexdigest(),
            "target": outcome.target[:MOST_TARGET],
            "signature": outcome.signature,
            "status": outcome.status,
            "job": outcome.job,
            "run": outcome.run,
        }
    )


def _keep(changing: sqlite3.Connection, delivery: int, hook: str, at: int, outcome: Outcome) -> None:
    changing.execute(
        "INSERT INTO attempts (delivery_id, webhook_id, at_ms, target, signature, status_code, response, error) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (delivery, hook, at, outcome.target, outcome.signature, outcome.status, outcome.response, outcome.error),
    )


async def _send(services: Services, hook: sqlite3.Row, body: str, key: str) -> Outcome:
    if hook["job"]:
        return await asyncio.to_thread(_run_job, services, json.loads(hook["job"]), body, key)
    return await _post(json.loads(hook["http"]), body.encode(), services.settings.attempt)


def _run_job(services: Services, spec: Mapping[str, Any], body: str, key: str) -> Outcome:
    target = f"jobs/run-now {spec['job_id']}"
    url = spec.get("workspace_url")
    if url and not is_here(url):
        return Outcome(target, error=f"{url} is not this workspace, and a lab reaches no other")
    try:
        if not hmac.compare_digest(spec["access_token"].encode(), services.settings.token.encode()):
            raise ApiError("PERMISSION_DENIED", "Invalid access token.")
        # Databricks picks among these by the kind of task; a job of several tasks is given them all.
        parameters = {
            "notebook_params": {"event_message": body},
            "python_named_params": {"event_message": body},
            "jar_params": [body],
            "python_params": [body],
            "spark_submit_params": [body],
        }
        run = jobs.start_job(services, spec["job_id"], parameters, key)
    except ApiError as error:
        answer = error.answer()
        return Outcome(target, answer.status, answer.body.decode(), error=error.message, again=error.status >= 500)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return Outcome(target, error=f"the run could not be started: {error!r}", again=True)
    told = json.dumps({"run_id": run, "number_in_job": run})
    return Outcome(target, 200, told, job=int(spec["job_id"]), run=run)


async def _post(spec: Mapping[str, Any], body: bytes, seconds: float) -> Outcome:
    url, secret = spec["url"], spec["secret"]
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() if secret else None
    if not is_here(url):
        return Outcome(url, error="refused: a lab delivers to this machine's own addresses alone", signature=signature)
    headers = {"Content-Type": "application/json", "User-Agent": "databricks-registry-webhooks", "Accept": "*/*"}
    if signature:
        headers["X-Databricks-Signature"] = signature
    if spec["authorization"]:
        headers["Authorization"] = spec["authorization"]
    try:
        async with asyncio.timeout(seconds):
            status, answer = await _exchange(url, headers, body, verify=spec["enable_ssl_verification"])
    except TimeoutError:
        return Outcome(url, error=f"no whole answer within {seconds:g} s", signature=signature, again=True)
    except ssl.SSLError as error:
        return Outcome(url, error=f"no secure connection: {error}", signature=signature, again=True)
    except (OSError, EOFError) as error:
        return Outcome(url, error=f"no connection: {error}", signature=signature, again=True)
    except h11.ProtocolError as error:
        return Outcome(url, error=f"no answer that can be understood: {error}", signature=signature, again=True)
    told = None
    if 300 <= status < 400:
        told = "redirected, which is not followed"
    elif not 200 <= status < 300:
        told = f"answered {status}"
    text = answer.decode(errors="replace").replace("\0", "\ufffd")
    return Outcome(url, status, text, told, signature, again=status >= 500)


async def _exchange(url: str, headers: Mapping[str, str], body: bytes, *, verify: bool) -> tuple[int, bytes]:
    """One POST on a connection of its own; the answer is read up to a limit and nothing of it is obeyed."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    context = (ssl.create_default_context() if verify else ssl._create_unverified_context()) if secure else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1" if host == "localhost" else host,
        parts.port or (443 if secure else 80),
        ssl=context,
        server_hostname=host if secure else None,
    )
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        wire = h11.Connection(h11.CLIENT)
        sent = [("Host", parts.netloc), *headers.items(), ("Content-Length", str(len(body))), ("Connection", "close")]
        writer.write(wire.send(h11.Request(method="POST", target=target, headers=sent)) or b"")
        writer.write(wire.send(h11.Data(data=body)) or b"")
        writer.write(wire.send(h11.EndOfMessage()) or b"")
        with contextlib.suppress(ConnectionError):  # it may have answered without reading to the end
            await writer.drain()
        status, answer = 0, b""
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(1 << 14))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                answer += event.data
                if len(answer) >= MOST_RESPONSE:
                    return status, bytes(answer[:MOST_RESPONSE])
            elif isinstance(event, h11.EndOfMessage):
                return status, bytes(answer)
            elif not isinstance(event, h11.InformationalResponse):
                raise EOFError("it was closed before the answer")
    finally:
        writer.transport.abort()
