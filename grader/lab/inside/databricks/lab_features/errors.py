"""The error for what a lab does not offer."""

from __future__ import annotations

from typing import NoReturn

PAGE = "docs/databricks.md"


class NotOffered(NotImplementedError):
    """A call that Databricks has and a lab has not."""


def not_offered(what: str, why: str) -> NoReturn:
    """Raise :class:`NotOffered`, which names the call, the reason and where the calls that work are listed."""
    raise NotOffered(f"{what} is not offered in a lab: {why}. {PAGE} lists what is.")
