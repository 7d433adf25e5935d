"""What the judge hands on: one result for each check the manifest declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "not_reached"]


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one check.

    ``expected`` and ``found`` are one sentence each, written for the learner and free of hidden values.
    ``cell`` is the index of the cell to look at (the one that raised, for ``not_reached``), if known.
    """

    id: str
    outcome: Outcome
    expected: str | None = None
    found: str | None = None
    cell: int | None = None


@dataclass(frozen=True)
class Verdict:
    """One result per declared check id, in the manifest's order."""

    results: tuple[CheckResult, ...]
