"""What the parts of the workspace share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .events import Journal
from .state import NAME, State

USER = "learner@example.com"


@dataclass(frozen=True)
class Settings:
    """How the workspace runs. Times in seconds."""

    root: Path
    """The lab's folder, which holds ``workspace.db`` and ``mlruns``."""
    store: Path
    """The file of MLflow's tracking store and registry."""
    token: str
    user: str = USER
    poll: float = 0.2
    """How often to look for changes that were not made through this server."""
    attempt: float = 5.0
    """How long one delivery of a webhook may take."""
    backoff: float = 0.5
    """How long to wait before the second attempt; twice as long before each one after that."""
    attempts: int = 4

    @classmethod
    def of_environment(cls) -> Settings:
        """The settings in the environment, as :func:`lab_workspace.serving.serve` puts them there.

        Raises KeyError when there is no folder, store or token.
        """
        given = os.environ
        return cls(
            root=Path(given["LAB_WORKSPACE_ROOT"]),
            store=Path(given["LAB_WORKSPACE_STORE"]),
            token=given["DATABRICKS_TOKEN"],
            user=given.get("LAB_WORKSPACE_USER", USER),
            attempt=float(given.get("LAB_WORKSPACE_ATTEMPT_SECONDS", cls.attempt)),
            backoff=float(given.get("LAB_WORKSPACE_BACKOFF_SECONDS", cls.backoff)),
        )


@dataclass
class Services:
    """What handlers work with."""

    settings: Settings
    state: State
    journal: Journal
    nudge: Callable[[], None] = field(default=lambda: None)
    """Have the dispatcher look for work now. May be called from any thread."""
    report: Callable[[Mapping[str, Any]], None] = field(default=lambda told: None)
    """Tell the lab's first process of an attempt at a delivery."""

    @classmethod
    def of(cls, settings: Settings, key: bytes = b"") -> Services:
        """Open what the settings name; ``key`` seals deliveries."""
        state = State(settings.root / NAME, key)
        return cls(settings, state, Journal(settings.store, state))
