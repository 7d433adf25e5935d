"""Optional packages. A test that needs a missing one is skipped, and its reason says how to install it."""

from __future__ import annotations

from typing import Any

import pytest


def needed(module: str, extra: str) -> Any:
    """The module, which the project's extra brings. Skips the test, or the whole module at import, where it is missing.

    Also for packages that only another process or a library imports, such as SQLAlchemy's drivers.
    """
    return pytest.importorskip(module, reason=f"{module} is not installed: pip install -e '.[{extra}]' brings it")
