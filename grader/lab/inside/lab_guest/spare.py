"""Imports without what costs more than all the rest and is used for nothing here."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

GRAMMAR = "rfc3987_syntax"
"""A grammar for internationalised addresses, which jsonschema (and so nbformat) builds if it can."""
DEBUGGER = "debugpy"
"""What ipykernel would debug with."""


@contextlib.contextmanager
def spared(*names: str) -> Iterator[None]:
    """Import in this block as if the modules were not installed, which those that ask for them take well."""
    names = tuple(name for name in names if name not in sys.modules)
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
