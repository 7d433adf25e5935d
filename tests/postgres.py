"""A real PostgreSQL for tests: a server of their own, from the system's programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import extras

PROGRAMS = "/usr/lib/postgresql"
"""Where Debian puts them, by version; elsewhere they are on the path."""
USER = "postgres"


def _folder() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).parent
    return max(Path(PROGRAMS).glob("*/bin"), default=None)


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The URL of an empty database. Skips the test where PostgreSQL or its driver is missing."""
    extras.needed("psycopg", "postgres")
    programs = _folder()
    if programs is None:
        pytest.skip("PostgreSQL is not on this machine: apt-get install postgresql brings it")
    with tempfile.TemporaryDirectory(prefix="pg") as place:
        root = os.geteuid() == 0
        if root:  # It will not run as root.
            shutil.chown(place, USER)
        user = USER if root else None
        data = f"{place}/data"
        made = [str(programs / "initdb"), "-D", data, "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(made, check=True, capture_output=True, user=user, cwd=place)
        how = f"-k {place} -c listen_addresses='' -c fsync=off"
        control = [str(programs / "pg_ctl"), "-D", data, "-w", "-s"]
        subprocess.run([*control, "-o", how, "-l", f"{place}/log", "start"], check=True, user=user, cwd=place)
        try:
            yield f"postgresql+psycopg://grader@/postgres?host={place}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, user=user, cwd=place)
