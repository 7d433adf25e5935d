"""What both clients share: how a call that a lab does not have raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from .errors import not_offered


def absent_calls(client: str, calls: Mapping[str, str]) -> Callable[[Any, str], Callable[..., NoReturn]]:
    """A client's ``__getattr__``: a call that a lab does not have raises with its reason when it is made."""

    def attribute(self: Any, name: str) -> Callable[..., NoReturn]:
        if name not in calls:
            raise AttributeError(f"'{client}' object has no attribute '{name}'")

        def refuse(*_: Any, **__: Any) -> NoReturn:
            not_offered(f"{client}.{name}", calls[name])

        return refuse

    return attribute


def absent_names(module: str, names: Mapping[str, str]) -> Callable[[str], NoReturn]:
    """A module's ``__getattr__``: importing a name that a lab does not have says so, instead of that it is unknown."""

    def refuse(name: str) -> NoReturn:
        if name in names:
            not_offered(f"{module}.{name}", names[name])
        raise AttributeError(f"module '{module}' has no attribute '{name}'")

    return refuse


STREAMING = "tables are read and written by batch only"
SERVING = "it has no model serving"
DECLARATIVE = "it has feature tables, lookups and functions, not Feature Views computed by the workspace"
LINEAGE = "no lineage is kept"
