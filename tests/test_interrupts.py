"""Ctrl-C, and being told to stop, at each stage: status 130, no process and no folder left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[1]
SUBMISSION = """\
# %% sets something loose
import os, time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(86400)
    os._exit(0)

# %% waits
WAIT
"""
MOST_SECONDS = 60
"""Within which an interrupted grading must be gone, however busy the machine is."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for labs with a short path: sockets lie below it."""
    with tempfile.TemporaryDirectory(prefix="gt-", dir="/tmp") as name:
        yield Path(name)


def started(place: Path, body: str, *options: str) -> subprocess.Popen[str]:
    """``grade ex1``, as a terminal would start it: in a process group of its own, in the foreground of nobody."""
    submission = place / "mine.py"
    submission.write_text(SUBMISSION.replace("WAIT", body))
    environment = {**os.environ, "TMPDIR": str(place), "GRADER_LOG_DIR": str(place / "log"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "grader", "ex1", str(submission), "--seed", "1", "--verbose", *options]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read what it says of its stages until it says the words."""
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}: {said}")


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=5)
    return not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.proof
@pytest.mark.parametrize(
    ("stage", "body", "signals", "options"),
    [
        ("raising the lab", "pass", (signal.SIGINT,), ()),
        ("cell 2 of 2", "while True: pass", (signal.SIGINT,), ()),
        ("cell 2 of 2", "while True: pass", (signal.SIGINT, signal.SIGINT, signal.SIGINT), ()),
        ("cell 2 of 2", "while True: pass", (signal.SIGTERM,), ()),
        ("cell 2 of 2", "while True: pass", (signal.SIGHUP,), ()),
        ("cell 2 of 2", "while True: pass", (signal.SIGINT,), ("--isolation", "process")),
        ("judging", "pass", (signal.SIGINT,), ()),
    ],
    ids=["raising", "cell", "cell-impatient", "cell-terminated", "cell-hung-up", "cell-process", "judging"],
)
def test_nothing_is_left(
    place: Path, stage: str, body: str, signals: tuple[signal.Signals, ...], options: tuple[str, ...]
) -> None:
    process = started(place, body, *options)
    try:
        wait_for(process, stage)
        time.sleep(0.5)
        family = psutil.Process(process.pid).children(recursive=True)
        began = time.monotonic()
        for number in signals:
            # Ctrl-C reaches all of a terminal's foreground processes, the other signals one.
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
            time.sleep(0.2)
        _, said = process.communicate(timeout=MOST_SECONDS)
        # One that comes when Python is already on its way out ends it as it ends any program; to a shell it is 130.
        assert process.returncode in ((130,) if len(signals) == 1 else (130, -signal.SIGINT)), said[-2000:]
        assert time.monotonic() - began < MOST_SECONDS
        assert "Traceback" not in said
        assert said.strip().endswith("Interrupted.")
        assert gone(family), "a process was left"
        assert not list(place.glob("lab-*")), "a folder was left"
        assert not (place / "log").exists(), "an interruption is no failure of ours"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_grading_that_is_killed_leaves_no_process(place: Path) -> None:
    """Nobody can clean up after ``kill -9``; but a learner's loop must not run on for ever."""
    process = started(place, "while True: pass")
    wait_for(process, "cell 2 of 2")
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.kill()
    process.wait()
    assert gone(family)
