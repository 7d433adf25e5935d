"""The workspace's files: where a path of a notebook or script lies in the lab's folder, and the calls that move them.

``/Workspace/...``, ``/Users/...``, ``/Repos/...``, ``/Shared/...`` and other absolute paths lie below ``Workspace`` in
the lab's folder. A path that lies in the lab's folder is taken as it is.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from .services import Services
from .shapes import wrong
from .wire import Routes

FOLDER = "Workspace"
SUFFIXES = (".ipynb", ".py", ".sql")
"""Of notebooks: their names on Databricks have none."""
MOST_PATH = 1000


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


def routes(services: Services) -> Routes:
    """The endpoints for files."""
    return {}
