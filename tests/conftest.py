"""Labs that tests share: each submission is graded once per way of grading it, whichever test asks first.

With pytest-xdist the tests that share a lab must stay on one worker: they stand in a class, and ``--dist loadscope``
keeps a class together.
"""

from __future__ import annotations

import dataclasses
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from grader import catalog, machine, pipeline, solutions
from grader.lab import sandbox
from grader.lab.record import CellRecord
from grader.scoring import Scorecard

FAULTS = Path(__file__).parent / "faults"

# Each test process would train with as many threads as the machine has cores, and they would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in a script's background, where shells turn Ctrl-C off for whatever comes of it: the tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Graded:
    """A scorecard, and how to find things in it."""

    card: Scorecard

    def cell(self, title: str) -> CellRecord:
        """The one cell with this title."""
        (found,) = (cell for cell in self.card.cells if cell.title == title)
        return found

    def message(self, title: str) -> str:
        """What the error of the cell with this title says."""
        error = self.cell(title).error
        assert error is not None, f"the cell {title!r} raised nothing"
        return error.message

    @property
    def passed(self) -> set[str]:
        """The checks that passed."""
        return {check.id for check in self.card.checks if check.outcome == "passed"}


@dataclass(frozen=True)
class Way:
    """How a fault is graded. ``limits`` are pairs, so that a way can be a key; ``spark``: with a JVM or not, None to
    leave that to the exercise."""

    limits: tuple[tuple[str, float], ...] = ()
    isolation: Literal["auto", "sandbox", "process"] = "auto"
    spark: bool | None = True
    seed: int = 1
    exercise: str = "ex1"


Grade = Callable[[str, Way], Graded]


@pytest.fixture(scope="session")
def fault(tmp_path_factory: pytest.TempPathFactory) -> Grade:
    """Grades a file of ``tests/faults`` by name. One that names a base is an overlay, as solutions may be."""
    kept: dict[tuple[str, Way], Graded] = {}
    folder = tmp_path_factory.mktemp("faults")

    def whole(path: Path) -> Path:
        text = path.read_text(encoding="utf-8")
        base = re.search(r"^# base: (.+)$", text, re.MULTILINE)
        if base is None:
            return path
        laid = folder / path.name
        laid.write_text(solutions.overlay((path.parent / base[1]).read_text(encoding="utf-8"), text), encoding="utf-8")
        return laid

    def grade(name: str, way: Way) -> Graded:
        if (name, way) not in kept:
            exercise = catalog.find(way.exercise)
            spark = exercise.spark if way.spark is None else way.spark
            exercise = dataclasses.replace(exercise, limits={**exercise.limits, **dict(way.limits)}, spark=spark)
            options = pipeline.Options(seed=way.seed, isolation=way.isolation)
            card = pipeline.grade(exercise, whole(FAULTS / name), options)
            kept[name, way] = Graded(card)
        return kept[name, way]

    return grade


@pytest.fixture
def sandboxed() -> None:
    """Skips the test where the system has no sandbox."""
    reason = sandbox.unavailable()
    if reason:
        pytest.skip(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For ``-n auto``: each worker may raise a lab."""
    return machine.labs_at_once()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of one class or module share their labs and so a worker.

    A kept solution has a lab for itself, and the tests of a spoiled lab share one for each exercise.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Labs(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            if "test_solutions.py" in nodeid:
                return nodeid
            if "test_spoiled.py" in nodeid:
                return nodeid.partition("[")[2].partition("-")[0].rstrip("]")
            return str(super()._split_scope(nodeid))

    return Labs(config, log)
