"""Reading results out of a notebook: each ends by its own work or its own waiting, and costs no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grader import catalog
from grader.lab import kernel
from grader.lab.inside.lab_guest import capture, cputime
from grader.lab.inside.lab_guest.cputime import Limit
from tests.conftest import Grade, Way

pytestmark = pytest.mark.server

FOREVER = 600
LONG_SECONDS = 60
"""When what should have been ended ends by itself: reading takes the alarm that pytest would end a test by."""


def own_work() -> float:
    return cputime.spent(os.getpid())


def result(reading: Callable[[], object]) -> Any:
    """A result for which this is called as it is read."""

    class DataFrame:
        schema = property(lambda self: reading())

    DataFrame.__module__ = "pyspark.sql.dataframe"
    return DataFrame()


def compute() -> None:
    deadline = time.monotonic() + LONG_SECONDS
    while time.monotonic() < deadline:
        pass


def compute_elsewhere() -> None:
    subprocess.run([sys.executable, "-c", "while True: pass"], check=True, timeout=LONG_SECONDS)


def wait() -> None:
    threading.Event().wait(LONG_SECONDS)


class Done(Exception):
    """Reading came to its end."""


def finish_after(seconds: float) -> Callable[[], object]:
    def reading() -> None:
        time.sleep(seconds)
        raise Done

    return reading


def read(folder: Path, reading: Callable[[], object], allowed: Callable[[], Limit]) -> str:
    """What is told of a result between two others, which are read in any case."""
    names = {"before": 1, "between": result(reading), "after": 2}
    capture.write(names, names, folder / "results.json", json.dumps, allowed)
    told = json.loads((folder / "results.json").read_text())
    assert told["before"]["value"] == 1 and told["after"]["value"] == 2
    assert told["between"]["kind"] == "error"
    return f"{told['between']['name']}: {told['between']['message']}"


@pytest.mark.parametrize("reading", [compute, compute_elsewhere])
def test_what_computes_ends_by_its_work(tmp_path: Path, reading: Callable[[], object]) -> None:
    told = read(tmp_path, reading, lambda: Limit(0.5, own_work, wall=FOREVER))
    assert told == "TimeoutError: it could not be read in 0.5 s of computing"


def test_what_waits_ends_at_the_ceiling(tmp_path: Path) -> None:
    told = read(tmp_path, wait, lambda: Limit(FOREVER, own_work, wall=0.5))
    assert told == "TimeoutError: it could not be read in 0.5 s"


@pytest.mark.parametrize("clock", [own_work, lambda: 0.0], ids=["own", "still"])
def test_a_machine_that_others_use_costs_nothing(tmp_path: Path, clock: Callable[[], float]) -> None:
    """It lasts longer than its work may, as on a machine whose processors others have."""
    assert read(tmp_path, finish_after(2), lambda: Limit(1, clock, wall=FOREVER)) == "Done: "


def test_in_a_lab_the_limit_is_that_of_the_whole_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def spent(leader: int) -> float:
        asked.append(leader)
        return 0.0

    monkeypatch.setattr(cputime, "spent", spent)
    limit = capture._allowed()
    assert asked == [os.getppid() if sys.platform == "linux" else os.getpid()]
    assert (limit.work, limit.wall) == (capture.RESULT_SECONDS, cputime.PATIENCE * capture.RESULT_SECONDS)


@pytest.mark.parametrize("exercise", [exercise.id for exercise in catalog.all_exercises()])
def test_results_that_all_wait_fit_the_time_for_all(exercise: str) -> None:
    each = cputime.PATIENCE * capture.RESULT_SECONDS + capture.CANCEL_SECONDS
    assert len(catalog.find(exercise).results) * each < kernel.CAPTURE_SECONDS


@pytest.mark.proof
@pytest.mark.lab
def test_what_spark_computes_is_the_results_work(fault: Grade) -> None:
    graded = fault("endless_spark_results.py", Way())
    found = {check.id: check.found or "" for check in graded.card.checks}
    assert "could not be read in 3 s of computing" in found["create.read"]
    assert "could not be read in 12 s" in found["travel.history"]
    assert "nothing is bound" not in found["recover.found"]
    assert "could not be read" not in found["travel.moment"] and "nothing is bound" not in found["travel.moment"]
