"""A receiver of notifications for a lab: it keeps what it is sent, and misbehaves on request.

``POST /lab/receiver/NAME`` takes anything and needs no token; ``GET`` of the same tells what came. With the token,
``PUT`` says how it shall answer: ``{"answers": [{"status": 500}, {"status": 200}]}``, one after another, the last one
for all that follow. An answer may have ``status``, ``body``, ``body_bytes``, ``location`` and ``hang`` (seconds).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from typing import Any

from .services import Services
from .state import now_ms
from .wire import Answer, ApiError, Fields, Request

PREFIX = "/lab/receiver/"
MOST_KEPT = 1 << 20
"""Bytes of a message that are kept."""
MOST_TOLD = 1000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)
_ANSWER = ("status", "body", "body_bytes", "location", "hang")


async def handle(services: Services, request: Request) -> Any:
    """Take a message, tell what came, or be told how to answer."""
    name = request.path.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise ApiError("ENDPOINT_NOT_FOUND", "A receiver's name has letters, digits, dots, dashes and underscores")
    if request.method == "GET":
        return {"received": _told(services, name)}
    if request.method == "PUT":
        _settle(services, name, request)
        return {}
    return await _take(services, name, request)


def _told(services: Services, name: str) -> list[dict[str, Any]]:
    rows = services.state.rows("SELECT * FROM received WHERE receiver = ? ORDER BY id LIMIT ?", name, MOST_TOLD)
    return [
        {
            "time": row["at_ms"],
            "method": row["method"],
            "headers": json.loads(row["headers"]),
            "body": row["body"].decode(errors="replace"),
            "answered": row["answered"],
        }
        for row in rows
    ]


def _settle(services: Services, name: str, request: Request) -> None:
    answers = Fields(request.fields(), ("answers",)).records("answers")
    for answer in answers:
        fields = Fields(answer, _ANSWER, "an answer")
        status = fields.number("status")
        if status is not None and not 200 <= status <= 599:
            raise ApiError("INVALID_PARAMETER_VALUE", "A status is between 200 and 599")
        for text in ("body", "location"):
            fields.text(text)
        for number in ("body_bytes", "hang"):
            fields.number(number)
    with services.state.change() as changing:
        changing.execute("INSERT OR REPLACE INTO receivers VALUES (?, ?)", (name, json.dumps(answers)))


async def _take(services: Services, name: str, request: Request) -> Answer:
    with services.state.change() as changing:
        row = changing.execute("SELECT behaviour FROM receivers WHERE name = ?", (name,)).fetchone()
        answers = json.loads(row["behaviour"]) if row else []
        answer = answers[0] if answers else {}
        if len(answers) > 1:
            changing.execute("UPDATE receivers SET behaviour = ? WHERE name = ?", (json.dumps(answers[1:]), name))
        status = answer.get("status", 200)
        changing.execute(
            "INSERT INTO received (receiver, at_ms, method, headers, body, answered) VALUES (?, ?, ?, ?, ?, ?)",
            (name, now_ms(), request.method, json.dumps(dict(request.headers)), request.body[:MOST_KEPT], status),
        )
    if answer.get("hang"):
        with contextlib.suppress(asyncio.CancelledError):  # the server ends
            await asyncio.sleep(answer["hang"])
    headers = [("content-type", "text/plain; charset=utf-8")]
    if answer.get("location"):
        headers.append(("location", answer["location"]))
    body = answer.get("body", "OK").encode() + b"x" * answer.get("body_bytes", 0)
    return Answer(body, status, tuple(headers))
