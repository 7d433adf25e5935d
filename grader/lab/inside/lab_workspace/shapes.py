"""What requests of many nested fields may look like, and the errors for those that don't, as Databricks tells them.

A shape takes a value and its place (``settings.tasks.task_key``) and returns the value, without fields that are null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from .wire import ApiError

Shape = Callable[[Any, str], Any]

_TOKENS = {
    type(None): "VALUE_NULL",
    str: "VALUE_STRING",
    bool: "VALUE_BOOLEAN",
    int: "VALUE_NUMBER_INT",
    float: "VALUE_NUMBER_FLOAT",
    list: "START_ARRAY",
    dict: "START_OBJECT",
}
MOST_NUMBER = 2**63 - 1


def wrong(message: str) -> ApiError:
    """The error for a value that can't be."""
    return ApiError("INVALID_PARAMETER_VALUE", message)


def anything(value: Any, where: str) -> Any:
    """What the lab keeps and shows, and makes nothing of."""
    return value


def _typed(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        message = f"Could not parse request object: Expected '{_TOKENS[kind]}' not '{_TOKENS[type(value)]}'"
        raise ApiError("MALFORMED_REQUEST", f"{message} for field '{where}'")
    return value


def text(most: int | None = None, pattern: str | None = None) -> Shape:
    """A text of at most so many bytes that matches a pattern. A whole number is taken for its digits."""

    def shape(value: Any, where: str) -> str:
        told: str = _typed(str, str(value) if type(value) is int else value, where)
        if any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in told):
            raise wrong(f"{where} holds characters that are no text")
        if most is not None and len(told.encode()) > most:
            raise wrong(f"{where} has {len(told.encode())} bytes; at most {most} are allowed")
        if pattern is not None and not re.fullmatch(pattern, told, re.ASCII):
            raise wrong(f"Invalid value '{told[:200]}' for {where}: it must match {pattern}")
        return told

    return shape


def number(least: int = 0, most: int = MOST_NUMBER) -> Shape:
    """A whole number within bounds, or its digits."""

    def shape(value: Any, where: str) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
            value = int(value)
        told: int = _typed(int, value, where)
        if not least <= told <= most:
            bounds = f"at least {least}" if most == MOST_NUMBER else f"between {least} and {most}"
            raise wrong(f"Invalid value {told} for {where}: it must be {bounds}")
        return told

    return shape


def truth(value: Any, where: str) -> bool:
    """True or false; also as a query has it."""
    if value in ("true", "false") and isinstance(value, str):
        return value == "true"
    told: bool = _typed(bool, value, where)
    return told


def choice(*values: str) -> Shape:
    """One of some texts."""

    def shape(value: Any, where: str) -> str:
        told: str = _typed(str, value, where)
        if told not in values:
            raise wrong(f"Invalid value '{told[:100]}' for {where}. Supported are {', '.join(values)}")
        return told

    return shape


def many(of: Shape, most: int | None = None) -> Shape:
    """A list."""

    def shape(value: Any, where: str) -> list[Any]:
        told = [of(each, where) for each in _typed(list, value, where)]
        if most is not None and len(told) > most:
            raise wrong(f"{where} has {len(told)} entries; at most {most} are allowed")
        return told

    return shape


def texts_by_name(most: int | None = None) -> Shape:
    """An object of texts."""

    def shape(value: Any, where: str) -> dict[str, str]:
        told = {name: text()(each, f"{where}.{name}") for name, each in _typed(dict, value, where).items()}
        if most is not None and len(told) > most:
            raise wrong(f"{where} has {len(told)} entries; at most {most} are allowed")
        return told

    return shape


def opaque(value: Any, where: str) -> Any:
    """An object that the lab keeps and shows, and makes nothing of."""
    return _typed(dict, value, where)


def record(fields: Mapping[str, Shape], needed: tuple[str, ...] = ()) -> Shape:
    """An object with these fields and no others, of which some must be there."""

    def shape(value: Any, where: str) -> dict[str, Any]:
        given: dict[str, Any] = _typed(dict, value, where)
        for name in given:
            if name not in fields:
                message = f"Could not parse request object: unknown field '{name}' of {where or 'request'}"
                raise ApiError("MALFORMED_REQUEST", message)
        inner = f"{where}." if where else ""
        told = {name: fields[name](each, inner + name) for name, each in given.items() if each is not None}
        for name in needed:
            if told.get(name) in (None, ""):
                raise wrong(f"Missing required field: {inner}{name}")
        return told

    return shape
