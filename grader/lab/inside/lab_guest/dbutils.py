"""``dbutils`` as a notebook has it: ``fs``, ``widgets``, ``notebook`` and ``jobs``, on the lab's own files.

Written from the public reference (Databricks documentation page "Databricks Utilities (dbutils) reference").
What a lab has no counterpart for raises NotImplementedError with its own name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class NotebookExit(BaseException):
    """Ends the notebook. No ``except Exception`` of the learner's stops it, as on Databricks."""


class FileInfo(NamedTuple):
    """One entry of ``dbutils.fs.ls``. ``size`` in bytes, ``modificationTime`` in milliseconds since 1970."""

    path: str
    name: str
    size: int
    modificationTime: int

    def isDir(self) -> bool:
        return self.name.endswith("/")

    def isFile(self) -> bool:
        return not self.isDir()


class _Part:
    """A part of dbutils: a name it lacks says so instead of raising a bare AttributeError."""

    _name = "dbutils"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"{self._name}.{name} is not offered in this lab: docs/databricks.md says what is.")


class FileSystem(_Part):
    """``dbutils.fs`` on local paths. ``file:/x`` is ``/x``; ``dbfs:/x`` and other schemes lie below the lab."""

    _name = "dbutils.fs"

    def __init__(self, root: Path) -> None:
        self._root = root

    def _path(self, path: str) -> Path:
        scheme, colon, rest = path.partition(":")
        if not colon or "/" in scheme:
            return Path(path)
        rest = "/" + rest.lstrip("/")
        return Path(rest) if scheme == "file" else self._root / "dbfs" / rest.lstrip("/")

    def ls(self, path: str) -> list[FileInfo]:
        target = self._path(path)
        if not target.exists():
            raise FileNotFoundError(f"No such file or directory: {path}")
        entries = sorted(target.iterdir()) if target.is_dir() else [target]
        return [self._info(entry) for entry in entries]

    def _info(self, entry: Path) -> FileInfo:
        stat = entry.stat()
        mark = "/" if entry.is_dir() else ""
        size = 0 if mark else stat.st_size
        return FileInfo(f"file:{entry}{mark}", entry.name + mark, size, int(stat.st_mtime * 1000))

    def mkdirs(self, path: str) -> bool:
        self._path(path).mkdir(parents=True, exist_ok=True)
        return True

    def rm(self, path: str, recurse: bool = False) -> bool:
        target = self._path(path)
        if target.is_dir():
            if not recurse and any(target.iterdir()):
                raise OSError(f"{path} is not empty: pass recurse=True.")
            shutil.rmtree(target)
        elif target.exists():
            target.unlink()
        else:
            return False
        return True

    def cp(self, from_: str, to: str, recurse: bool = False) -> bool:
        source, target = self._path(from_), self._path(to)
        if source.is_dir():
            if not recurse:
                raise OSError(f"{from_} is a directory: pass recurse=True.")
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / source.name if target.is_dir() else target)
        return True

    def mv(self, from_: str, to: str, recurse: bool = False) -> bool:
        self.cp(from_, to, recurse)
        return self.rm(from_, recurse)

    def head(self, file: str, max_bytes: int = 65_536) -> str:
        with self._path(file).open("rb") as stream:
            return stream.read(max_bytes).decode("utf-8", errors="replace")

    def put(self, file: str, contents: str, overwrite: bool = False) -> bool:
        target = self._path(file)
        if target.exists() and not overwrite:
            raise FileExistsError(f"{file} exists: pass overwrite=True.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(contents)
        return True


class Widgets(_Part):
    """``dbutils.widgets``: the lab sets some; a cell may add more. All values are text, as on Databricks."""

    _name = "dbutils.widgets"

    def __init__(self, values: dict[str, str]) -> None:
        self._values = dict(values)

    def get(self, name: str) -> str:
        if name not in self._values:
            raise ValueError(f"There is no widget '{name}'. There are: {', '.join(self._values)}.")
        return self._values[name]

    def getAll(self) -> dict[str, str]:
        return dict(self._values)

    def getArgument(self, name: str, default: str = "") -> str:
        return self._values.get(name, default)

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:
        self._values.setdefault(name, str(defaultValue))

    def dropdown(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:
        if defaultValue not in choices:
            raise ValueError(f"'{defaultValue}' is none of the choices of widget '{name}'.")
        self.text(name, defaultValue)

    combobox = multiselect = dropdown

    def remove(self, name: str) -> None:
        self._values.pop(name, None)

    def removeAll(self) -> None:
        self._values.clear()


@dataclass(frozen=True)
class Job:
    """The task of a job that a notebook runs as. Outside of one all is empty."""

    context: dict[str, str] = field(default_factory=dict)
    """Ids and names of the job and its run."""
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The values that tasks have set so far, by task and name."""
    file: Path | None = None
    """Where the values that this task sets are kept."""
    folder: Path | None = None
    """The notebook's own."""


class WorkflowException(Exception):
    """A notebook that another one ran has failed."""


MOST_DEPTH = 5
_DEPTH = "LAB_NOTEBOOK_DEPTH"


class Notebook(_Part):
    """``dbutils.notebook``: ``exit``, ``run`` and what of the context is asked for in jobs."""

    _name = "dbutils.notebook"

    def __init__(self, root: Path, job: Job) -> None:
        self._root = root
        self._job = job
        self.entry_point = _EntryPoint(job)

    def exit(self, value: object = "") -> None:
        raise NotebookExit(str(value))

    def getContext(self) -> Any:
        return self.entry_point.getDbutils().notebook().getContext()

    def run(self, path: str, timeout_seconds: int = 0, arguments: dict[str, Any] | None = None) -> str:
        """Run another notebook in a process of its own and return the value that it exits with.

        Raises WorkflowException when it fails, isn't there or takes longer.
        """
        from . import task

        file = find(self._root, self._job.folder or Path.cwd(), path)
        if file is None:
            raise WorkflowException(f'Unable to access the notebook "{path}": it does not exist.')
        depth = int(os.environ.get(_DEPTH, "0")) + 1
        if depth > MOST_DEPTH:
            raise WorkflowException(f"Notebooks may run notebooks {MOST_DEPTH} levels deep, and not deeper.")
        with tempfile.TemporaryDirectory() as folder:
            request = {
                "kind": "notebook",
                "source": str(file),
                "path": str(file),
                "root": str(self._root),
                "parameters": {name: str(value) for name, value in (arguments or {}).items()},
                "values": self._job.values,
                "context": self._job.context,
            }
            process, end = task.start(request, Path(folder), {**os.environ, _DEPTH: str(depth)})
            try:
                process.wait(timeout_seconds or None)
            except subprocess.TimeoutExpired:
                raise WorkflowException(f"Notebook {path} ran for {timeout_seconds} s and was stopped.") from None
            finally:
                end()
            try:
                told = json.loads((Path(folder) / "result.json").read_text())
            except (OSError, ValueError):
                raise WorkflowException(f"Notebook {path} ended without a result.") from None
        if told["status"] not in ("ok", "exit"):
            raise WorkflowException(f"Notebook {path} failed: {told.get('error', '')}")
        return str(told.get("value", ""))


def find(root: Path, folder: Path, path: str) -> Path | None:
    """The file of a notebook that another one names: absolute as in the workspace, or beside that one."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    own = [part for part in str(root).split("/") if part]
    if not path.startswith("/"):
        place = folder.joinpath(*parts)
    elif parts[: len(own)] == own:
        place = Path(path)
    else:
        place = root.joinpath("Workspace", *(parts[1:] if parts[:1] == ["Workspace"] else parts))
    for candidate in (place, *(place.with_name(place.name + suffix) for suffix in (".ipynb", ".py", ".sql"))):
        if candidate.is_file():
            return candidate.resolve()
    return None


class _Option:
    """A value as Scala's Option has it."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def get(self) -> str:
        if self._value is None:
            raise ValueError("None.get")
        return self._value

    def isDefined(self) -> bool:
        return self._value is not None

    def isEmpty(self) -> bool:
        return self._value is None

    def getOrElse(self, default: Any) -> Any:
        return self._value if self._value is not None else default() if callable(default) else default

    def toString(self) -> str:
        return "None" if self._value is None else f"Some({self._value})"


class _Tags:
    def __init__(self, tags: dict[str, str]) -> None:
        self._tags = tags

    def get(self, name: str) -> _Option:
        return _Option(self._tags.get(name))

    def apply(self, name: str) -> str:
        return self._tags[name]


class _Context(_Part):
    """The notebook's context, which Databricks offers without documenting it: what jobs ask it for."""

    _name = "dbutils.notebook.getContext()"

    def __init__(self, job: Job) -> None:
        self._told = job.context

    def jobId(self) -> _Option:
        return _Option(self._told.get("jobId"))

    def currentRunId(self) -> _Option:
        return _Option(self._told.get("runId"))

    def notebookPath(self) -> _Option:
        return _Option(self._told.get("notebookPath"))

    def apiUrl(self) -> _Option:
        return _Option(os.environ.get("DATABRICKS_HOST"))

    def apiToken(self) -> _Option:
        return _Option(os.environ.get("DATABRICKS_TOKEN"))

    def tags(self) -> _Tags:
        return _Tags(self._told)

    def toJson(self) -> str:
        return json.dumps({"tags": self._told, "currentRunId": {"id": self._told.get("runId")}, "extraContext": {}})

    safeToJson = toJson


class _EntryPoint(_Part):
    _name = "dbutils.notebook.entry_point"

    def __init__(self, job: Job) -> None:
        self._context = _Context(job)

    def getDbutils(self) -> _EntryPoint:
        return self

    def notebook(self) -> _EntryPoint:
        return self

    def getContext(self) -> _Context:
        return self._context


MOST_VALUE = 48 << 10
"""Bytes of a task value's JSON."""
MOST_VALUES = 250


class TaskValues(_Part):
    """``dbutils.jobs.taskValues``: values that one task of a job leaves for those after it."""

    _name = "dbutils.jobs.taskValues"

    def __init__(self, job: Job) -> None:
        self._job = job
        self._own: dict[str, Any] = {}

    def set(self, key: str, value: Any) -> None:
        """Leave a value, which JSON must know. Outside of a job it does nothing."""
        if not isinstance(key, str):
            raise TypeError("The key of a task value must be a string.")
        try:
            text = json.dumps(value, allow_nan=False)
        except ValueError as error:
            raise ValueError(f"The value of {key!r} is no JSON: {error}") from None
        except TypeError as error:
            raise TypeError(f"The value of {key!r} is no JSON: {error}") from None
        if len(text.encode()) > MOST_VALUE:
            raise ValueError(
                f"The value of {key!r} has {len(text.encode())} bytes as JSON; at most 48 KiB are allowed."
            )
        if self._job.file is None:
            return
        if key not in self._own and len(self._own) >= MOST_VALUES:
            raise ValueError(f"A job run has at most {MOST_VALUES} task values.")
        self._own[key] = json.loads(text)
        draft = self._job.file.with_suffix(".part")
        draft.write_text(json.dumps(self._own))
        draft.rename(self._job.file)

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:
        """A value that a task has left, or the default.

        Raises ValueError when there is neither; outside of a job returns ``debugValue``, or raises TypeError.
        """
        if self._job.file is None:
            if debugValue is None:
                raise TypeError(
                    "Must pass debugValue when calling get outside of a job context. debugValue cannot be None."
                )
            return debugValue
        if key in self._job.values.get(taskKey, {}):
            return self._job.values[taskKey][key]
        if default is None:
            raise ValueError(f"No task value with key {key!r} of task {taskKey!r} found, and no default is given.")
        return default


class Jobs(_Part):
    """``dbutils.jobs``: ``taskValues``."""

    _name = "dbutils.jobs"

    def __init__(self, job: Job) -> None:
        self.taskValues = TaskValues(job)


class DBUtils(_Part):
    """The notebook global ``dbutils``."""

    def __init__(self, root: Path, widgets: dict[str, str]) -> None:
        self._root = root
        self.fs = FileSystem(root)
        self.widgets = Widgets(widgets)
        self.enter(Job())

    def enter(self, job: Job) -> None:
        """Be the notebook of a job's task."""
        self.notebook = Notebook(self._root, job)
        self.jobs = Jobs(job)
