"""Puts the exercises and their data makers into a wheel, beside the code that reads them.

An installation for editing reads them from the checkout. A copy of the hidden suites in its site-packages
would be of no use, and a sandbox shows that folder.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Bundle(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            for name in ("exercises", "fixtures"):
                build_data["force_include"][name] = f"grader/_bundle/{name}"
