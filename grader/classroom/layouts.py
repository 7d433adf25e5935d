"""Folders of submissions, in the layouts that graders and learning platforms leave behind.

=================  ===================================================================================================
``nbgrader``       ``<learner>/<assignment>/<file>``, with ``timestamp.txt`` (nbgrader documentation, "The philosophy
                   and the approach of nbgrader"), below ``submitted/`` or not
``canvas``         ``<name>[_LATE]_<user>_<submission>_<file>``, as Canvas names what is downloaded together
``moodle``         ``<full name>_<number>_assignsubmission_file[_]/<file>``, likewise of Moodle
``github``         ``<assignment>-<user>/``, repositories as GitHub Classroom's assistant clones them
``folders``        ``<learner>/<file>``
``files``          ``<learner>.<py or ipynb>``, or ``<learner>_<exercise>.<...>``
=================  ===================================================================================================

What is no file of its own (a link, a pipe) is never followed. A folder that can't be read costs its learner alone.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

from grader.catalog import Exercise
from grader.classroom.roster import NOBODY, Roster
from grader.errors import BadInput
from grader.evidence import Unreadable
from grader.evidence.files import is_file, is_folder, read_bytes
from grader.text import identity

KINDS = (".py", ".ipynb")
DEEPEST = 4
"""How many folders below a learner's own are looked into."""
MOST_STAMP_BYTES = 4096

_CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<submission>\d+)_(?P<file>.+)", re.DOTALL)
_CANVAS_COPY = re.compile(r"-\d+(?=\.\w+$)")
_MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_file_?", re.DOTALL)
_SKIPPED = {"__pycache__", "__MACOSX", "node_modules"}


@dataclass(frozen=True)
class Found:
    """One learner's work on one exercise, or why there is none that could be graded.

    ``learner`` is an id as :func:`grader.text.identity` gives it. ``submitted_at`` is in UTC: what the layout tells,
    else when the file was last changed.
    """

    learner: str
    exercise: str
    path: Path | None
    submitted_at: datetime | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Class:
    """A folder of submissions, read. ``strangers`` are learners that the roster does not know."""

    layout: str
    found: tuple[Found, ...]
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """A file that may be a submission. ``name`` is what the learner called it, ``assignment`` what the layout says.

    Without a name it only tells that there is such a learner. Names are as they lie on the disk. A folder stands for
    work that can't be read.
    """

    owner: str
    path: Path
    name: str
    assignment: str = ""
    submitted_at: datetime | None = None
    aliases: tuple[str, ...] = ()


def read(folder: Path, exercises: Sequence[Exercise], roster: Roster = NOBODY) -> Class:
    """Find each learner's work on each of the exercises. Raises BadInput when the folder is none, or has no work."""
    try:
        readable = folder.is_dir() and not _closed(folder)
    except (OSError, ValueError):  # a name that no folder can have
        readable = False
    if not readable:
        raise BadInput(f"There is no folder {folder} that can be read: name the one that holds the submissions.")
    read_as = ((layout, list(files(folder, exercises))) for layout, files in _LAYOUTS.items())
    layout, seen = next(((layout, files) for layout, files in read_as if any(file.name for file in files)), ("", []))
    if not seen:
        raise BadInput(f"{folder} holds no .py or .ipynb file of any learner: name the folder of the submissions.")
    owners = sorted({file.owner for file in seen})
    known = {owner: roster.find(identity(owner)) for owner in owners}
    for file in seen:
        for alias in file.aliases:
            known[file.owner] = known[file.owner] or roster.find(alias)
    names = {owner: person.learner if (person := known[owner]) else identity(owner) for owner in owners}
    found: list[Found] = []
    for exercise in exercises:
        of_learner: dict[str, list[_File]] = {}
        for file in seen:
            of_learner.setdefault(names[file.owner], [])
            if _is_for(file, exercise, exercises):
                of_learner[names[file.owner]].append(file)
        found += (_chosen(learner, exercise, files) for learner, files in sorted(of_learner.items()))
        missing = {person.learner for person in roster.people} - of_learner.keys()
        found += (Found(learner, exercise.id, None, problem=NOTHING) for learner in sorted(missing))
    strangers = tuple(names[owner] for owner in owners if roster.people and known[owner] is None)
    return Class(layout, tuple(found), strangers)


NOTHING = "nothing was handed in"


def _chosen(learner: str, exercise: Exercise, files: list[_File]) -> Found:
    """The one file among those that may be meant."""
    exact = [file for file in files if Path(file.name).stem.lower() in (exercise.name, exercise.id)]
    files = exact or files
    if not files:
        return Found(learner, exercise.id, None, problem=NOTHING)
    if len(files) > 1:
        names = " and ".join(sorted(identity(file.name) for file in files)[:3])
        return Found(learner, exercise.id, None, problem=f"it is not clear which file is meant: {names}")
    (file,) = files
    found = Found(learner, exercise.id, file.path, file.submitted_at or _changed(file.path))
    if is_folder(file.path):
        return replace(found, path=None, problem=f"the folder {identity(file.name)} can't be read")
    if not is_file(file.path):
        return replace(found, path=None, problem=f"{identity(file.name)} is no file of its own")
    return found


def _is_for(file: _File, exercise: Exercise, exercises: Sequence[Exercise]) -> bool:
    """Whether a file is meant for the exercise, by its name or its folder's, or because there is but one.

    In a folder that can't be read there may be work for each.
    """
    if not file.name or is_folder(file.path):
        return bool(file.name)
    words = [_exercise_in(word, exercises) for word in (Path(file.name).stem, file.assignment)]
    said = next((word for word in words if word), None)
    if said is None:
        return len(exercises) == 1
    return said == exercise.id


def _exercise_in(text: str, exercises: Sequence[Exercise]) -> str | None:
    """The exercise that a file's or folder's name speaks of."""
    for exercise in exercises:
        if re.search(rf"(?<![a-z0-9]){re.escape(exercise.id)}(?![0-9])", text.lower()):
            return exercise.id
    return "another" if re.search(r"(?<![a-z0-9])ex\d+(?![0-9])", text.lower()) else None


def _changed(path: Path) -> datetime | None:
    with contextlib.suppress(OSError, OverflowError, ValueError):
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    return None


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, but for what is hidden or of tools."""
    return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.name not in _SKIPPED)


def _closed(folder: Path) -> bool:
    """Whether it can't be seen what lies in a folder."""
    return not os.access(folder, os.R_OK | os.X_OK)


def _folders(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if is_folder(path)]


def _below(folder: Path, deepest: int = DEEPEST) -> Iterator[Path]:
    """Files below a folder that may be submissions, links to nowhere included; and folders that can't be read."""
    if _closed(folder):
        yield folder
        return
    for path in _entries(folder):
        if is_folder(path):
            if deepest:
                yield from _below(path, deepest - 1)
        elif path.suffix in KINDS:
            yield path


def _nbgrader(folder: Path, exercises: Sequence[Exercise]) -> Iterator[_File]:
    top = folder / "submitted" if (folder / "submitted").is_dir() else folder
    inner = {e.id: {e.id, e.name} for e in exercises}
    assignments = set().union(*inner.values())
    stamped = top != folder
    files = []
    for learner in _folders(top):
        files.append(_nothing(learner.name, learner))
        if _closed(learner):
            files.append(_File(learner.name, learner, learner.name))
            continue
        for assignment in _folders(learner):
            stamp = assignment / "timestamp.txt"
            stamped = stamped or is_file(stamp)
            if assignment.name in assignments or is_file(stamp):
                moment = _stamp(stamp)
                files += [_File(learner.name, p, p.name, assignment.name, moment) for p in _below(assignment)]
    if stamped:
        yield from files


def _nothing(owner: str, folder: Path, *aliases: str) -> _File:
    """There is such a learner, whether or not with work that can be graded."""
    return _File(owner, folder, "", aliases=aliases)


def _stamp(path: Path) -> datetime | None:
    """nbgrader writes ``2015-02-02 15:58:23.948203 America/Los_Angeles``, in UTC by default."""
    with contextlib.suppress(Unreadable, OSError, ValueError, KeyError, OverflowError):
        day, clock, *zone = read_bytes(path, MOST_STAMP_BYTES).decode()[:100].split()
        moment = datetime.fromisoformat(f"{day}T{clock}")
        return moment.replace(tzinfo=ZoneInfo(zone[0]) if zone else UTC).astimezone(UTC)
    return None


def _canvas(folder: Path, exercises: Sequence[Exercise]) -> Iterator[_File]:
    files = [path for path in _entries(folder) if path.suffix in KINDS and not is_folder(path)]
    matches = [(path, _CANVAS.fullmatch(path.name)) for path in files]
    if files and all(match for _, match in matches):
        for path, match in matches:
            assert match
            name = _CANVAS_COPY.sub("", match["file"])
            yield _File(match["user"], path, name, aliases=(match["name"],))


def _moodle(folder: Path, exercises: Sequence[Exercise]) -> Iterator[_File]:
    for learner in _folders(folder):
        if match := _MOODLE.fullmatch(learner.name):
            yield _nothing(match["user"], learner, match["name"])
            for path in _below(learner):
                yield _File(match["user"], path, path.name, aliases=(match["name"],))


def _github(folder: Path, exercises: Sequence[Exercise]) -> Iterator[_File]:
    repositories = _folders(folder)
    open_ones = [path for path in repositories if not _closed(path)]
    if not open_ones or not all(os.path.lexists(path / ".git") for path in open_ones):
        return
    names = [path.name for path in repositories]
    shared = [letters[0] for letters in takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))]
    assignment = "".join(shared[: len(shared) - shared[::-1].index("-")]) if len(names) > 1 and "-" in shared else ""
    for repository in repositories:
        user = repository.name[len(assignment) :] or repository.name
        yield _nothing(user, repository)
        for path in _below(repository):
            # A repository holds more than the work: the bundle's own starters stay where they were.
            bundled = "exercises" in path.relative_to(repository).parts
            if is_folder(path) or (_exercise_in(path.stem, exercises) and not bundled):
                yield _File(user, path, path.name)


def _learners_folders(folder: Path, exercises: Sequence[Exercise]) -> Iterator[_File]:
    for learner in _folders(folder):
        yield _nothing(learner.name, learner)
        for path in _below(learner):
            yield _File(learner.name, path, path.name, path.parent.name if path.parent != learner else "")


def _learners_files(folder: Path, exercises: Sequence[Exercise]) -> Iterator[_File]:
    for path in _entries(folder):
        if path.suffix in KINDS and not is_folder(path):
            names = "|".join(re.escape(name) for e in exercises for name in (e.name, e.id))
            owner = re.sub(rf"[-_. ]+({names})$", "", path.stem, flags=re.IGNORECASE) or path.stem
            yield _File(owner, path, path.name)


_LAYOUTS = {
    "nbgrader": _nbgrader,
    "canvas": _canvas,
    "moodle": _moodle,
    "github": _github,
    "folders": _learners_folders,
    "files": _learners_files,
}
