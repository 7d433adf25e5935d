"""Logs that someone else's code writes: whatever lies in their place, their reader neither waits nor grows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import NotGraded
from grader.lab import explore, logs


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link(path: Path) -> None:
    (path.parent / "secret").write_text("secret")
    path.symlink_to(path.parent / "secret")


def nothing(path: Path) -> None:
    pass


def terabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 43)
        file.seek(0, os.SEEK_END)
        file.write(b"the end")


def a_few_words(path: Path) -> None:
    path.write_bytes(b"at first \xff\n the end\n")


@pytest.mark.parametrize(
    ("lay", "end"),
    [(a_pipe, ""), (a_link, ""), (nothing, ""), (terabytes, "the end"), (a_few_words, "at first \ufffd\n the end")],
)
def test_the_end_of_a_log(tmp_path: Path, lay: object, end: str) -> None:
    assert callable(lay)
    log = tmp_path / "log"
    lay(log)
    assert logs.tail(log).strip("\0") == end
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(NotGraded, match=r"the lab did not come up: .*"):
        explore._wait(ended, ["http://127.0.0.1:9/"], log)
