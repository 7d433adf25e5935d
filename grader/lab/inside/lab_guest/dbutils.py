"""``dbutils`` as a notebook has it: ``fs``, ``widgets`` and ``notebook.exit``, on the lab's own files.

Written from the public reference (Databricks documentation page "Databricks Utilities (dbutils) reference").
What a lab has no counterpart for raises NotImplementedError with its own name.
"""

from __future__ import annotations

import shutil
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
        raise NotImplementedError(f"{self._name}.{name} is not offered in this lab.")


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


class Notebook(_Part):
    """``dbutils.notebook``: ``exit`` alone; one notebook is the whole lab."""

    _name = "dbutils.notebook"

    def exit(self, value: object = "") -> None:
        raise NotebookExit(str(value))


class DBUtils(_Part):
    """The notebook global ``dbutils``."""

    def __init__(self, root: Path, widgets: dict[str, str]) -> None:
        self.fs = FileSystem(root)
        self.widgets = Widgets(widgets)
        self.notebook = Notebook()
