"""Comments and requests for transitions, which Databricks' registry has and MLflow's has not."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import uuid
from typing import Any

from .events import announce, request_events
from .services import Services
from .state import now_ms
from .wire import ApiError, Fields, Request, Routes, missing

STAGES = ("None", "Staging", "Production", "Archived")
_API = "/api/2.0/mlflow"
_VERSION = ("name", "version")


def routes(services: Services) -> Routes:
    """The endpoints for comments, transition requests and what Databricks' registry tells beyond MLflow's."""
    own = _Activities(services)
    return {
        ("POST", f"{_API}/comments/create"): own.create_comment,
        ("PATCH", f"{_API}/comments/update"): own.update_comment,
        ("DELETE", f"{_API}/comments/delete"): own.delete_comment,
        ("POST", f"{_API}/transition-requests/create"): own.create_request,
        ("GET", f"{_API}/transition-requests/list"): own.list_requests,
        ("POST", f"{_API}/transition-requests/approve"): own.approve,
        ("POST", f"{_API}/transition-requests/reject"): own.reject,
        ("DELETE", f"{_API}/transition-requests/delete"): own.cancel,
        ("POST", f"{_API}/databricks/model-versions/transition-stage"): own.transition,
        ("GET", f"{_API}/databricks/registered-models/get"): own.get_model,
    }


class _Activities:
    def __init__(self, services: Services) -> None:
        self._state = services.state
        self._journal = services.journal
        self._user = services.settings.user
        self._moving = threading.Lock()
        """Held while a version is moved and its requests are closed: two approvals are one after the other."""

    # Comments

    def create_comment(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), (*_VERSION, "comment"))
        name, version = self._version(fields)
        comment = fields.needed("comment")
        self._journal.drain()
        with self._state.change() as changing:
            row = self._add(changing, "NEW_COMMENT", name, version, comment=comment)
            text = f"A user commented on registered model '{name}' version {version}."
            announce(changing, ("COMMENT_CREATED",), name, version, text, {"comment": comment})
        return {"comment": _comment(row)}

    def update_comment(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), ("id", "comment"))
        key, comment = fields.needed("id"), fields.needed("comment")
        with self._state.change() as changing:
            _the_comment(changing, key)
            changing.execute("UPDATE activities SET comment = ?, updated_ms = ? WHERE id = ?", (comment, now_ms(), key))
            return {"comment": _comment(_the_comment(changing, key))}

    def delete_comment(self, request: Request) -> dict[str, Any]:
        key = Fields(request.fields(), ("id",)).needed("id")
        with self._state.change() as changing:
            _the_comment(changing, key)
            changing.execute("DELETE FROM activities WHERE id = ?", (key,))
        return {}

    # Requests for transitions

    def create_request(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), (*_VERSION, "stage", "comment"))
        name, version = self._version(fields)
        stage, comment = _stage(fields), fields.text("comment")
        now_in = self._journal.stage(name, version)
        self._journal.drain()
        with self._state.change() as changing:
            if self._open(changing, name, version, stage, self._user):
                message = f"There is a request already to move version {version} of {name} to {stage}"
                raise ApiError("RESOURCE_ALREADY_EXISTS", message)
            row = self._add(
                changing, "REQUESTED_TRANSITION", name, version, comment=comment, stages=(now_in, stage), is_open=True
            )
            subject = f"registered model '{name}' version {version}"
            text = f"A user requested that {subject} transition from {now_in} to {stage}."
            more = {"to_stage": stage, "from_stage": now_in, **({"comment": comment} if comment else {})}
            announce(changing, request_events(stage), name, version, text, more)
        told = {**_activity(row), "available_actions": ["APPROVE_TRANSITION_REQUEST", "REJECT_TRANSITION_REQUEST"]}
        return {"request": told}

    def list_requests(self, request: Request) -> dict[str, Any]:
        name, version = self._version(Fields(request.fields(), _VERSION))
        rows = self._state.rows(
            "SELECT * FROM activities WHERE name = ? AND version = ? AND open ORDER BY number", name, version
        )
        return {"requests": [_activity(row) for row in rows]} if rows else {}

    def approve(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), (*_VERSION, "stage", "archive_existing_versions", "comment"))
        name, version = self._version(fields)
        stage, comment = _stage(fields), fields.text("comment")
        archive = _archive(fields)
        with self._moving:
            self._need_open(name, version, stage)
            now_in = self._journal.stage(name, version)
            _registry().transition_model_version_stage(name, int(version), stage, archive)
            return self._close(name, version, stage, "APPROVED_REQUEST", comment, now_in)

    def reject(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), (*_VERSION, "stage", "comment"))
        name, version = self._version(fields)
        stage, comment = _stage(fields), fields.text("comment")
        with self._moving:
            self._need_open(name, version, stage)
            return self._close(name, version, stage, "REJECTED_REQUEST", comment, self._journal.stage(name, version))

    def cancel(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), (*_VERSION, "stage", "creator", "comment"))
        name, version = self._version(fields)
        stage, creator, comment = _stage(fields), fields.needed("creator"), fields.text("comment")
        with self._moving:
            self._need_open(name, version, stage, creator)
            now_in = self._journal.stage(name, version)
            return self._close(name, version, stage, "CANCELLED_REQUEST", comment, now_in, creator)

    def _need_open(self, name: str, version: str, stage: str, creator: str | None = None) -> None:
        with self._state.change() as changing:
            if not self._open(changing, name, version, stage, creator):
                message = f"There is no open request to move version {version} of {name} to {stage}"
                raise ApiError("RESOURCE_DOES_NOT_EXIST", message)

    def _close(
        self,
        name: str,
        version: str,
        stage: str,
        kind: str,
        comment: str | None,
        now_in: str,
        creator: str | None = None,
    ) -> dict[str, Any]:
        with self._state.change() as changing:
            for row in self._open(changing, name, version, stage, creator):
                changing.execute("UPDATE activities SET open = 0, updated_ms = ? WHERE id = ?", (now_ms(), row["id"]))
            row = self._add(changing, kind, name, version, comment=comment, stages=(now_in, stage))
        return {"activity": _activity(row)}

    def _open(
        self, changing: sqlite3.Connection, name: str, version: str, stage: str, creator: str | None
    ) -> list[sqlite3.Row]:
        return changing.execute(
            "SELECT * FROM activities WHERE name = ? AND version = ? AND to_stage = ? AND open "
            "AND (? IS NULL OR user_id = ?)",
            (name, version, stage, creator, creator),
        ).fetchall()

    # What Databricks' registry adds to MLflow's

    def transition(self, request: Request) -> dict[str, Any]:
        fields = Fields(request.fields(), (*_VERSION, "stage", "archive_existing_versions", "comment"))
        name, version = self._version(fields)
        stage, comment, archive = _stage(fields), fields.text("comment"), _archive(fields)
        with self._moving:
            now_in = self._journal.stage(name, version)
            moved = _registry().transition_model_version_stage(name, int(version), stage, archive)
            with self._state.change() as changing:
                self._add(changing, "APPLIED_TRANSITION", name, version, comment=comment, stages=(now_in, stage))
        told = {**_plain(moved), "user_id": self._user, "permission_level": "CAN_MANAGE"}
        return {"model_version_databricks": told}

    def get_model(self, request: Request) -> dict[str, Any]:
        name = Fields(request.fields(), ("name",)).needed("name")
        told = _plain(_registry().get_registered_model(name))
        told |= {"id": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}
        told |= {"user_id": self._user, "permission_level": "CAN_MANAGE"}
        return {"registered_model_databricks": told}

    def _version(self, fields: Fields) -> tuple[str, str]:
        name, version = fields.needed("name"), fields.needed("version")
        self._journal.stage(name, version)
        return name, str(int(version))

    def _add(
        self,
        changing: sqlite3.Connection,
        kind: str,
        name: str,
        version: str,
        *,
        comment: str | None,
        stages: tuple[str | None, str | None] = (None, None),
        is_open: bool = False,
    ) -> sqlite3.Row:
        key, now = uuid.uuid4().hex, now_ms()
        changing.execute(
            "INSERT INTO activities (id, type, name, version, user_id, comment, from_stage, to_stage, created_ms, "
            "updated_ms, open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, kind, name, version, self._user, comment, *stages, now, now, int(is_open)),
        )
        row: sqlite3.Row = changing.execute("SELECT * FROM activities WHERE id = ?", (key,)).fetchone()
        return row


def _registry() -> Any:
    from mlflow.server import handlers

    return handlers._get_model_registry_store()


def _plain(entity: Any) -> dict[str, Any]:
    from mlflow.utils.proto_json_utils import message_to_json

    told: dict[str, Any] = json.loads(message_to_json(entity.to_proto()))
    return told


def _stage(fields: Fields) -> str:
    given = fields.needed("stage")
    for stage in STAGES:
        if given.lower() == stage.lower():
            return stage
    message = f"Invalid Model Version stage: {given}. Value must be one of {', '.join(STAGES)}."
    raise ApiError("INVALID_PARAMETER_VALUE", message)


def _archive(fields: Fields) -> bool:
    archive = fields.truth("archive_existing_versions")
    if archive is None:
        raise missing("archive_existing_versions")
    return archive


def _the_comment(changing: sqlite3.Connection, key: str) -> sqlite3.Row:
    row: sqlite3.Row | None = changing.execute(
        "SELECT * FROM activities WHERE id = ? AND type = 'NEW_COMMENT'", (key,)
    ).fetchone()
    if row is None:
        raise ApiError("RESOURCE_DOES_NOT_EXIST", f"Comment with id {key} does not exist")
    return row


def _comment(row: sqlite3.Row) -> dict[str, Any]:
    told = _activity(row)
    del told["activity_type"]
    return {**told, "available_actions": ["EDIT_COMMENT", "DELETE_COMMENT"]}


def _activity(row: sqlite3.Row) -> dict[str, Any]:
    told = {
        "id": row["id"],
        "activity_type": row["type"],
        "user_id": row["user_id"],
        "creation_timestamp": row["created_ms"],
        "last_updated_timestamp": row["updated_ms"],
    }
    more = {name: row[name] for name in ("comment", "from_stage", "to_stage") if row[name] is not None}
    return {**told, **more}
