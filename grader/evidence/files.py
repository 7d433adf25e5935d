"""Files of a lab, taken as what they are: written by someone else's code, perhaps to trick their reader."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlparse

from grader.evidence import Unreadable

MOST_FILES = 20_000
DEEPEST = 100
"""How many folders may lie in one another: what copies or removes them goes down by recursion."""


def refuse_strange(path: Path, *, most: int = MOST_FILES) -> int:
    """Raise Unreadable unless all below ``path`` are plain files and folders; give their size in bytes.

    A link could lead out of the lab, a pipe could hold up its reader.
    """
    count, size, waiting = 0, 0, [(str(path), 0)]
    while waiting:
        folder, depth = waiting.pop()
        if depth > DEEPEST:
            raise Unreadable(f"{path.name} holds folders too deep to be judged")
        try:
            found = [(entry, entry.stat(follow_symlinks=False)) for entry in os.scandir(folder)]
        except OSError as error:
            raise Unreadable(f"{path.name} holds a folder that can't be listed") from error
        count += len(found)
        if count > most:
            raise Unreadable(f"{path.name} holds too many files to be judged")
        for entry, status in found:
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise Unreadable(f"{path.name} holds something that is neither a file nor a folder: {entry.name!r}")
            size += status.st_size
            if stat.S_ISDIR(status.st_mode):
                waiting.append((entry.path, depth + 1))
    return size


@contextlib.contextmanager
def opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """A plain file of at most ``most`` bytes, to be read. Raises Unreadable for anything else."""
    try:
        # Not blocking: a pipe in its place would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path.name} is missing or can't be opened") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path.name} is no plain file")
        if status.st_size > most:
            raise Unreadable(f"{path.name} is too large to be judged")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a plain file of at most ``most`` bytes. Raises Unreadable for anything else."""
    with opened(path, most) as file:
        return file.read(most)


def copy_folder(source: Path, copy: Path, most: int) -> None:
    """Copy a folder of plain files, ``most`` bytes in all, so that everyone can read it.

    Raises Unreadable when it is larger, or holds what can't be opened or is neither a file nor a folder. Then there is
    no copy.
    """
    if refuse_strange(source) > most:
        raise Unreadable(f"{source.name} is too large to be judged")

    def copy_file(given: str, taken: str) -> None:
        with opened(Path(given), most) as stream, Path(taken).open("wb") as out:
            shutil.copyfileobj(stream, out)

    try:
        shutil.copytree(source, copy, copy_function=copy_file)
    except (Unreadable, OSError, shutil.Error) as error:
        shutil.rmtree(copy, ignore_errors=True)
        raise error if isinstance(error, Unreadable) else Unreadable(f"{source.name} can't be copied") from error
    copy.chmod(0o755)
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def is_file(path: Path) -> bool:
    """Whether there is a plain file, and no link to one. Where that can't be told there is none."""
    return stat.S_ISREG(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one. Where that can't be told there is none."""
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    # Path.is_file and its like raise for names that are too long and for folders that are closed.
    try:
        return path.lstat().st_mode
    except (OSError, ValueError):
        return 0


def inside(root: Path, seen_at: str, uri: str) -> Path | None:
    """Where a path or file URI of the lab's lies outside of it, or None if it does not name a place in the lab.

    ``root`` is the folder that the lab knows as ``seen_at``. No part of the way may be a link.
    """
    try:
        parsed = urlparse(uri)
    except ValueError:  # what looks like a host's address and is none
        return None
    if parsed.scheme not in ("", "file") or parsed.netloc:
        return None
    named = unquote(parsed.path) if parsed.scheme else uri
    relative = os.path.relpath(os.path.normpath(named), seen_at) if named.startswith("/") else os.path.normpath(named)
    if relative.startswith(".."):
        return None
    path = root.resolve()
    for part in Path(relative).parts:
        path /= part
        try:
            if stat.S_ISLNK(path.lstat().st_mode):
                return None
        except (FileNotFoundError, NotADirectoryError):
            continue  # It may have been deleted. What is not there leads nowhere.
        except (OSError, ValueError):
            return None
    return path
