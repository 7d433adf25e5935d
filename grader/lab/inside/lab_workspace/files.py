"""The workspace's files: where a path of a notebook or script lies in the lab's folder, and the calls that move them.

``/Workspace/...``, ``/Users/...``, ``/Repos/...``, ``/Shared/...`` and other absolute paths lie below ``Workspace`` in
the lab's folder. A path that lies in the lab's folder is taken as it is.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from .services import Services
from .shapes import choice, number, record, text, truth, wrong
from .wire import Answer, ApiError, Request, Routes

FOLDER = "Workspace"
SUFFIXES = (".ipynb", ".py", ".sql")
"""Of notebooks: their names on Databricks have none."""
MOST_PATH = 1000
MOST_CONTENT = 10 << 20
"""Bytes of a notebook or script that is run."""


def workspace_path(services: Services, path: str, *, script: bool = False) -> Path:
    """Where a path lies, there or not. Raises ApiError for one that is not absolute or leads out."""
    if len(path) > MOST_PATH or "\0" in path:
        raise wrong(f"Invalid path: it has {len(path)} characters; at most {MOST_PATH} are allowed")
    root = services.settings.root
    scheme, colon, rest = path.partition(":")
    if script and colon and "/" not in scheme:
        if scheme not in ("dbfs", "file"):
            raise wrong(f"'{path[:200]}' can't be reached: a lab has no cloud storage")
        below = root / "dbfs" if scheme == "dbfs" else None
        path = "/" + rest.lstrip("/")
    else:
        below = root / FOLDER
    if not path.startswith("/"):
        raise wrong(f"Invalid path '{path[:200]}': only absolute paths are supported. Paths must begin with '/'.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise wrong(f"Invalid path '{path[:200]}': it must not contain '..'.")
    own = [part for part in str(root).split("/") if part]
    if parts[: len(own)] == own:
        return root.joinpath(*parts[len(own) :])
    if below is None:
        raise wrong(f"'{path[:200]}' lies outside of the lab's folder")
    return below.joinpath(*(parts[1:] if parts[:1] == [FOLDER] and below.name == FOLDER else parts))


def found(services: Services, path: str, *, script: bool = False) -> Path | None:
    """The file of a notebook or script, with or without its suffix, or None. It really lies in the lab's folder."""
    place = workspace_path(services, path, script=script)
    root = services.settings.root.resolve()
    for candidate in (place, *(place.with_name(place.name + suffix) for suffix in SUFFIXES)):
        try:
            if candidate.is_file():
                real = candidate.resolve()
                return real if real.is_relative_to(root) else None
        except OSError:
            return None
    return None


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


# The calls

_API = "/api/2.0/workspace"
_FORMATS = ("SOURCE", "JUPYTER", "AUTO", "RAW", "HTML", "DBC", "R_MARKDOWN")
_LANGUAGES = {".py": "PYTHON", ".sql": "SQL", ".ipynb": "PYTHON"}
_HEADS = {".py": "# Databricks notebook source", ".sql": "-- Databricks notebook source"}
_PATH = record({"path": text()}, ("path",))
_IMPORT = record(
    {
        "path": text(),
        "content": text(),
        "format": choice(*_FORMATS),
        "language": choice("PYTHON", "SQL", "SCALA", "R"),
        "overwrite": truth,
    },
    ("path",),
)
_EXPORT = record({"path": text(), "format": choice(*_FORMATS), "direct_download": truth}, ("path",))
_DELETE = record({"path": text(), "recursive": truth}, ("path",))
_LIST = record({"path": text(), "notebooks_modified_after": number()}, ("path",))


def routes(services: Services) -> Routes:
    """The endpoints for files."""
    own = _Files(services)
    return {
        ("POST", f"{_API}/import"): own.take,
        ("GET", f"{_API}/export"): own.give,
        ("GET", f"{_API}/get-status"): own.status,
        ("GET", f"{_API}/list"): own.list_folder,
        ("POST", f"{_API}/mkdirs"): own.make_folders,
        ("POST", f"{_API}/delete"): own.delete,
    }


class _Files:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._folder = services.settings.root / FOLDER
        for name in ("Shared", f"Users/{services.settings.user}"):
            with contextlib.suppress(OSError):
                (self._folder / name).mkdir(parents=True, exist_ok=True)

    def take(self, request: Request) -> dict[str, Any]:
        """``import``, with JSON or as a form, as clients send files."""
        given, content = _form(request)
        fields = _IMPORT(given, "")
        if content is None:
            try:
                content = base64.b64decode(fields.get("content", ""), validate=True)
            except (binascii.Error, ValueError):
                raise wrong("content is not encoded in base64") from None
        path, form = fields["path"], fields.get("format", "SOURCE")
        place = workspace_path(self._services, path)
        place, content = _as_kept(place, content, form, fields.get("language"))
        if place in (self._folder, self._services.settings.root):
            raise wrong(f"Invalid path '{path}': it is a folder")
        there = self._found(path) or (place if place.exists() else None)
        if there is not None:
            if not fields.get("overwrite"):
                raise ApiError("RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
            if there.is_dir():
                raise wrong(f"Path ({path}) is a folder and can't be overwritten.")
        if not place.parent.is_dir():
            raise ApiError(
                "RESOURCE_DOES_NOT_EXIST", f"The parent folder ({self._shown(place.parent)}) does not exist."
            )
        draft = place.with_name(f".{place.name}.part")
        draft.write_bytes(content)
        draft.rename(place)
        if there is not None and there != place:
            there.unlink()
        return {}

    def give(self, request: Request) -> Any:
        """``export``."""
        fields = _EXPORT(request.fields(), "")
        file = self._needed(fields["path"])
        if file.is_dir():
            raise ApiError("NOT_IMPLEMENTED", "A lab exports no folders.", 501)
        content, form = file.read_bytes(), fields.get("format", "SOURCE")
        suffix = file.suffix
        if _is_notebook(file, content):
            if form == "JUPYTER" and suffix != ".ipynb":
                content, suffix = _to_jupyter(content.decode(errors="replace"), suffix), ".ipynb"
            elif form == "SOURCE" and suffix == ".ipynb":
                content, suffix = _to_source(content), ".py"
            elif form in ("HTML", "DBC", "R_MARKDOWN"):
                raise ApiError("NOT_IMPLEMENTED", f"A lab exports no {form}.", 501)
        if fields.get("direct_download"):
            return Answer(content, 200, (("content-type", "application/octet-stream"),))
        return {"content": base64.b64encode(content).decode(), "file_type": suffix.removeprefix(".")}

    def status(self, request: Request) -> dict[str, Any]:
        """``get-status``."""
        return self._object(self._needed(_PATH(request.fields(), "")["path"]))

    def list_folder(self, request: Request) -> dict[str, Any]:
        """``list``."""
        fields = _LIST(request.fields(), "")
        place = self._needed(fields["path"])
        entries = sorted(place.iterdir()) if place.is_dir() else [place]
        told = [self._object(entry) for entry in entries if not entry.name.startswith(".")]
        after = fields.get("notebooks_modified_after", 0)
        told = [each for each in told if each["object_type"] != "NOTEBOOK" or each["modified_at"] >= after]
        return {"objects": told} if told else {}

    def make_folders(self, request: Request) -> dict[str, Any]:
        """``mkdirs``."""
        path = _PATH(request.fields(), "")["path"]
        try:
            workspace_path(self._services, path).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ApiError(
                "RESOURCE_ALREADY_EXISTS", f"Path ({path}) is or passes through what is no folder."
            ) from None
        return {}

    def delete(self, request: Request) -> dict[str, Any]:
        """``delete``."""
        fields = _DELETE(request.fields(), "")
        file = self._needed(fields["path"])
        if file == self._folder or not file.is_relative_to(self._folder):
            raise ApiError("PERMISSION_DENIED", f"Path ({fields['path']}) can't be deleted.")
        if file.is_dir() and not file.is_symlink():
            if any(file.iterdir()) and not fields.get("recursive"):
                raise ApiError("DIRECTORY_NOT_EMPTY", f"Folder ({self._shown(file)}) is not empty", 400)
            shutil.rmtree(file)
        else:
            file.unlink()
        return {}

    def _found(self, path: str) -> Path | None:
        place = workspace_path(self._services, path)
        return place if place.is_dir() else found(self._services, path)

    def _needed(self, path: str) -> Path:
        file = self._found(path)
        if file is None:
            raise ApiError("RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist.")
        return file

    def _shown(self, file: Path) -> str:
        """A path as the workspace has it."""
        return (
            f"/{file.relative_to(self._folder)}".replace("/.", "/") if file.is_relative_to(self._folder) else str(file)
        )

    def _object(self, file: Path) -> dict[str, Any]:
        stat = file.stat()
        told: dict[str, Any] = {
            "object_type": "DIRECTORY",
            "path": self._shown(file),
            "object_id": int(digest(str(file).encode())[:12], 16),
            "created_at": int(stat.st_ctime * 1000),
            "modified_at": int(stat.st_mtime * 1000),
        }
        told["resource_id"] = str(told["object_id"])
        if not file.is_dir():
            told |= {"object_type": "FILE", "size": stat.st_size}
            if _is_notebook(file):
                told |= {
                    "object_type": "NOTEBOOK",
                    "path": self._shown(file.with_suffix("")),
                    "language": _LANGUAGES[file.suffix],
                }
        return told


def _is_notebook(file: Path, content: bytes | None = None) -> bool:
    """Whether a file is a notebook, and not just a file of code."""
    if file.suffix == ".ipynb":
        return True
    if file.suffix not in _HEADS:
        return False
    if content is None:
        with file.open("rb") as opened:
            content = opened.read(100)
    return content.decode(errors="replace").lstrip("\ufeff").startswith(_HEADS[file.suffix])


def _as_kept(place: Path, content: bytes, form: str, language: str | None) -> tuple[Path, bytes]:
    """Where what was imported is kept, and how: a notebook with the suffix of its form, which its name has not."""
    if form in ("HTML", "DBC", "R_MARKDOWN") or language in ("SCALA", "R"):
        raise ApiError("NOT_IMPLEMENTED", f"A lab imports no {language or form}.", 501)
    if form == "JUPYTER" or (form == "AUTO" and place.suffix == ".ipynb"):
        try:
            whole = isinstance(json.loads(content), dict)
        except (ValueError, RecursionError):
            whole = False
        if not whole:
            raise wrong("The content is no Jupyter notebook")
        return (place if place.suffix == ".ipynb" else place.with_name(place.name + ".ipynb")), content
    if form == "SOURCE":
        if language is None:
            raise wrong("Language is required when importing a notebook in the SOURCE format")
        suffix = ".py" if language == "PYTHON" else ".sql"
        if not content.decode(errors="replace").lstrip("\ufeff").startswith(_HEADS[suffix]):
            content = f"{_HEADS[suffix]}\n".encode() + content
        return (place if place.suffix == suffix else place.with_name(place.name + suffix)), content
    return place, content


def _to_source(content: bytes) -> bytes:
    """A Jupyter notebook as Databricks' source of it."""
    try:
        cells = json.loads(content).get("cells", [])
    except ValueError:
        cells = []
    parts = []
    for cell in cells:
        source = "".join(cell.get("source", ""))
        if cell.get("cell_type") == "markdown":
            source = f"%md\n{source}"
        if source.startswith("%"):
            source = "\n".join(f"# MAGIC {line}".rstrip() for line in source.split("\n"))
        parts.append(source)
    return "\n".join([_HEADS[".py"], "\n\n# COMMAND ----------\n\n".join(parts)]).encode() + b"\n"


def _to_jupyter(content: str, suffix: str) -> bytes:
    """Databricks' source of a notebook as a Jupyter notebook."""
    mark = re.escape(_HEADS[suffix].split()[0])
    parts = re.split(rf"^{mark} COMMAND -{{5,}}\s*$", content.split("\n", 1)[-1], flags=re.MULTILINE)
    cells = []
    for part in parts:
        source = re.sub(rf"^{mark} MAGIC ?", "", part.strip("\n"), flags=re.MULTILINE)
        markdown = source.startswith("%md")
        source = source.removeprefix("%md").lstrip() if markdown else source
        cell: dict[str, Any] = {"cell_type": "markdown" if markdown else "code", "metadata": {}, "source": source}
        cells.append(cell if markdown else {**cell, "execution_count": None, "outputs": []})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def _form(request: Request) -> tuple[dict[str, Any], bytes | None]:
    """A request's fields, and its file where it is a form with one."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return request.fields(), None
    boundary = re.search(r'boundary="?([^";]+)', kind)
    if boundary is None:
        raise ApiError("MALFORMED_REQUEST", "The form has no boundary")
    fields: dict[str, Any] = {}
    content = None
    for part in (b"\r\n" + request.body).split(b"\r\n--" + boundary[1].encode("latin-1"))[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'\bname="([^"]*)"', head)
        if name is None:
            raise ApiError("MALFORMED_REQUEST", "A part of the form has no name")
        if name[1] == b"content":
            content = data
        else:
            fields[name[1].decode(errors="replace")] = data.decode(errors="replace")
    return fields, content
