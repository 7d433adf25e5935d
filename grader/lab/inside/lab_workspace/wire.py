"""Requests and answers as the workspace's own endpoints see them, and the errors that Databricks publishes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

JSON = "application/json"
T = TypeVar("T")

_STATUS = {
    "MALFORMED_REQUEST": 400,
    "INVALID_PARAMETER_VALUE": 400,
    "INVALID_STATE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "PERMISSION_DENIED": 403,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "INTERNAL_ERROR": 500,
    "TEMPORARILY_UNAVAILABLE": 503,
}
_TOKENS = {
    str: "VALUE_STRING",
    int: "VALUE_NUMBER_INT",
    bool: "VALUE_BOOLEAN",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}


class ApiError(Exception):
    """A request that is refused, with an error code of Databricks' and the HTTP status, by default the code's own."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or _STATUS[code]

    def answer(self) -> Answer:
        """The error as an answer."""
        return Answer(json.dumps({"error_code": self.code, "message": self.message}).encode(), self.status)


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON),)


@dataclass(frozen=True)
class Request:
    """One request, read whole. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def fields(self) -> dict[str, Any]:
        """What was asked: the body's JSON object, and the query's parameters (a list where one is given twice)."""
        given = read_object(self.body)
        for name, values in self.query.items():
            given.setdefault(name, values[0] if len(values) == 1 else list(values))
        return given


Handler = Callable[[Request], Any | Awaitable[Any]]
"""Takes a request and returns an :class:`Answer`, JSON as bytes, or what becomes a JSON object.

A coroutine runs in the server's event loop and must not wait for MLflow; a plain function runs in a thread.
"""
Routes = dict[tuple[str, str], Handler]
"""Handlers by method and path."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body, empty for an empty one. Raises ApiError as Databricks does when it is none."""
    if not body.strip():
        return {}
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(
            "MALFORMED_REQUEST", "Invalid JSON given in the body of the request - failed to parse given JSON"
        ) from None
    if not isinstance(given, dict):
        raise ApiError(
            "MALFORMED_REQUEST", f"Could not parse request object: Expected 'START_OBJECT' not '{_token(given)}'"
        )
    return given


def _token(value: object) -> str:
    if value is None:
        return "VALUE_NULL"
    return _TOKENS.get(type(value), "VALUE_NUMBER_FLOAT")


class Fields:
    """The fields of a request or of an object in it, each taken by its type. A field that is null counts as not given.

    Raises ApiError for a field of another name, when made, and for a value of another type, when it is taken.
    """

    def __init__(self, given: Mapping[str, Any], allowed: Iterable[str], where: str = "request") -> None:
        unknown = sorted(set(given) - set(allowed))
        if unknown:
            raise ApiError(
                "MALFORMED_REQUEST", f"Could not parse request object: unknown field '{unknown[0]}' of {where}"
            )
        self._given = {name: value for name, value in given.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str, *, most: int | None = None) -> str | None:
        """A text. A whole number is taken for its digits, which clients send for version numbers and ids of jobs."""
        given = self._given.get(name)
        value = self._of(str, name, str(given) if type(given) is int else given)
        if value is not None and most is not None and len(value) > most:
            raise ApiError("INVALID_PARAMETER_VALUE", f"{name} has {len(value)} characters; at most {most} are allowed")
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in value):
            raise ApiError("INVALID_PARAMETER_VALUE", f"{name} holds characters that are no text")
        return value

    def needed(self, name: str, *, most: int | None = None) -> str:
        """A text that must be given and not be empty."""
        value = self.text(name, most=most)
        if not value:
            raise missing(name)
        return value

    def number(self, name: str) -> int | None:
        """A whole number, or its digits as a query has them."""
        value = self._given.get(name)
        if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit() and len(value) < 19:
            value = int(value)
        return self._of(int, name, value)

    def truth(self, name: str) -> bool | None:
        """True or false."""
        return self._of(bool, name, self._given.get(name))

    def record(self, name: str) -> dict[str, Any] | None:
        """An object."""
        return self._of(dict, name, self._given.get(name))

    def records(self, name: str) -> list[dict[str, Any]]:
        """A list of objects."""
        values = self._of(list, name, self._given.get(name)) or []
        return [self._of(dict, name, each) or {} for each in values]

    def texts(self, name: str, *, single: bool = False) -> list[str] | None:
        """A list of texts; with ``single`` also one text alone, as a query has it."""
        value = self._given.get(name)
        if single and isinstance(value, str):
            value = [value]
        values = self._of(list, name, value)
        for each in values or []:
            self._of(str, name, each)
        return values

    def _of(self, kind: type[T], name: str, value: Any) -> T | None:
        if value is not None and type(value) is not kind:
            message = (
                f"Could not parse request object: Expected '{_TOKENS[kind]}' not '{_token(value)}' for field '{name}'"
            )
            raise ApiError("MALFORMED_REQUEST", message)
        return value


def missing(name: str) -> ApiError:
    """The error for a field that must be given."""
    return ApiError("INVALID_PARAMETER_VALUE", f"Missing value for required parameter '{name}'.")
