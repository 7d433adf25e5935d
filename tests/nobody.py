"""Calls a function as a user whom modes of files hold back: root reads everything."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

NOBODY = 65534
Told = TypeVar("Told")


@contextmanager
def place() -> Iterator[Path]:
    """A folder that this user owns."""
    with tempfile.TemporaryDirectory(prefix="grade-") as name:
        folder = Path(name)
        yield folder
        for path in folder.rglob("*"):  # so that it can be removed, by anybody
            path.chmod(0o700)


def own(folder: Path) -> None:
    """Give all below ``folder`` to the user."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def as_nobody(function: Callable[[], Told]) -> Told:
    """What the function gives, called in a process that has given up root; what it raises, this raises."""
    if os.geteuid() != 0:
        return function()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with os.fdopen(writer, "wb") as stream:
            try:
                pickle.dump((function(), None), stream)
            except BaseException as raised:
                pickle.dump((None, raised), stream)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        told, error = pickle.load(answers)
    os.waitpid(child, 0)
    if error is not None:
        raise error
    answer: Told = told
    return answer
