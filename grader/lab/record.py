"""What a lab run hands on: how each cell ended, and where the evidence lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

CellOutcome = Literal[
    "ok",  # ran to its end
    "error",  # raised, or would not compile
    "timeout",  # ran longer than a cell, or the submission, may
    "memory",  # took more memory than a lab has
    "output",  # printed more than a cell may
    "disk",  # wrote more than a lab may hold
    "processes",  # started more processes than a lab may
    "died",  # ended the notebook's process (os._exit, a signal)
    "exited",  # ended the notebook on purpose (exit(), dbutils.notebook.exit)
    "not_run",  # an earlier cell ended the notebook
    "text",  # markdown: nothing to run
]

RAISED: frozenset[str] = frozenset({"error", "timeout", "memory", "output", "disk", "processes", "died"})
"""The outcomes that a check can hang on: the cell did not finish what it was to do."""


NOT_COMPILED = frozenset({"SyntaxError", "IndentationError", "TabError"})
"""The errors of a cell that Python can't compile: nothing in it ran."""


@dataclass(frozen=True)
class CellError:
    """Why a cell did not end well, in the learner's own lines.

    ``line`` counts from 1 in the submitted file (a notebook: in the cell); ``source`` is that line.
    """

    name: str
    message: str
    line: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class CellRecord:
    """One cell's run. ``index`` is the cell's (:class:`grader.submission.Cell`); ``seconds`` is wall time; ``warnings``
    are the first few it gave; ``printed`` is the end of what it printed.
    """

    index: int
    title: str
    outcome: CellOutcome
    seconds: float
    error: CellError | None = None
    warnings: tuple[str, ...] = ()
    printed: str = ""

    @property
    def compiled(self) -> bool:
        return self.error is None or self.error.name not in NOT_COMPILED


@dataclass(frozen=True)
class LabRecord:
    """A finished lab: nothing in it runs any more and its folder may be read.

    ``folder`` is the lab's folder, and ``seen_at`` what the lab itself took ``root`` in it for; ``isolation`` is
    ``sandbox`` or ``process``; ``ended`` says why the notebook ended before its last cell, if it did; ``timings`` are
    in seconds; ``facts`` are what the judge must know of what the lab was filled with, JSON-ready; ``reported`` is what
    the lab's workspace reported of its deliveries after the notebook's end, for :mod:`grader.evidence.workspace`.
    """

    folder: Path
    seen_at: str
    cells: tuple[CellRecord, ...]
    isolation: Literal["sandbox", "process"]
    ended: str | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    reported: str = ""
