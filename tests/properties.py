"""Hypothesis, for tests of properties: a module that takes it from here is skipped where it is missing.

The examples are pinned: each run tries the same ones, so a test that fails has found a change. How long they take says
nothing, as other labs may be busy beside them.
"""

from __future__ import annotations

from tests import extras

extras.needed("hypothesis", "dev")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

__all__ = ["given", "settings", "st"]

settings.register_profile("pinned", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pinned")
