"""Limits on work: what computes meets them, what waits meets a ceiling, and what others do counts in neither."""

from __future__ import annotations

import itertools
import math
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.evidence import Unreadable, database
from grader.lab.inside.lab_guest import afterwards, cputime
from grader.lab.inside.lab_guest.cputime import Limit, spent

pytestmark = pytest.mark.server

COMPUTES = "while True: pass"
COMPUTES_A_WHILE = "import time\nwhile time.process_time() < 0.5: pass"
MOST_SECONDS = 120


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_work_and_waiting_have_their_own_limits() -> None:
    done = [0.0]
    limit = Limit(3, lambda: done[0], wall=MOST_SECONDS)
    assert limit.over() is None
    done[0] = 3.5
    assert limit.over() == "3 s of computing"
    assert Limit(3, lambda: 0.0, wall=0).over() == "0 s"
    assert Limit(3, lambda: 0.0).wall == cputime.PATIENCE * 3


def test_where_work_cannot_be_told_the_ceiling_stays() -> None:
    told = [math.nan, 100.0, 100.0]
    limit = Limit(0, lambda: told.pop(0), wall=MOST_SECONDS)
    assert limit.over() is None
    assert Limit(0, lambda: math.nan, wall=0).over() == "0 s"


def test_a_child_counts_while_it_runs_and_when_it_has_ended() -> None:
    before = spent(os.getpid())
    # The shell is there for a process in between.
    with subprocess.Popen(["sh", "-c", f"{sys.executable} -c '{COMPUTES}'; true"], start_new_session=True) as shell:
        try:
            until(lambda: spent(os.getpid()) > before + 0.5)
        finally:
            os.killpg(shell.pid, 9)
    before = spent(os.getpid())
    subprocess.run([sys.executable, "-c", COMPUTES_A_WHILE], check=True)
    assert spent(os.getpid()) >= before + 0.4


def test_what_others_compute_counts_for_nothing() -> None:
    # The shell ends at once, and its child is no descendant of this process any more.
    started = f"{sys.executable} -c '{COMPUTES}' > /dev/null 2>&1 & echo $!"
    told = subprocess.run(["sh", "-c", started], capture_output=True, text=True, check=True)
    other = psutil.Process(int(told.stdout))
    try:
        assert other.pid not in [child.pid for child in psutil.Process().children(recursive=True)]
        before = spent(os.getpid())
        until(lambda: other.cpu_times().user > 1)
        assert spent(os.getpid()) < before + 0.9
    finally:
        other.kill()


def test_a_process_that_is_gone_has_an_unknown_amount() -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    assert math.isnan(spent(ended.pid))


class Workspace(afterwards._Workspace):
    """One that has something to do for ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def _call(self, path: str, body: bytes | None) -> Any:
        return {"active_runs": int(time.monotonic() < self._until)}


def test_a_workspace_that_others_keep_from_working_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cputime, "spent", lambda _: 0.0)
    monkeypatch.setattr(cputime, "PATIENCE", 1000)
    assert Workspace(1).rest(0.2)


def test_a_workspace_that_works_or_waits_without_end_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    done = iter(range(1000))
    monkeypatch.setattr(cputime, "PATIENCE", 1000)
    monkeypatch.setattr(cputime, "spent", lambda _: float(next(done)))
    assert not Workspace(MOST_SECONDS).rest(5)
    monkeypatch.setattr(cputime, "spent", lambda _: 0.0)
    monkeypatch.setattr(cputime, "PATIENCE", 2)
    assert not Workspace(MOST_SECONDS).rest(0.2)


def test_a_cell_that_changes_the_time_stops_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook may put the time still, as tests do; a result that waits ends all the same."""
    limit = Limit(3, lambda: 0.0, wall=0)
    monkeypatch.setattr(time, "monotonic", lambda: -1e9)
    assert limit.over() == "0 s"
    monkeypatch.setattr(psutil, "Process", None)
    assert math.isnan(spent(os.getpid()))


def test_a_store_is_read_by_work_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("CREATE TABLE numbers (number)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(1000)])
    monkeypatch.setattr(database, "_OPS_BETWEEN_LOOKS", 10)
    with monkeypatch.context() as patch:
        patch.setattr(time, "monotonic", itertools.count(step=1000).__next__)
        assert len(database.read(tmp_path / "store.db", {"numbers": ["number"]})["numbers"]) == 1000
    monkeypatch.setattr(database, "MOST_SECONDS", -1)
    with pytest.raises(Unreadable):
        database.read(tmp_path / "store.db", {"numbers": ["number"]})
