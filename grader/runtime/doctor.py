"""What this machine has of what a lab needs, and what each finding means to whoever runs it.

Looking changes nothing: what is missing is not fetched here.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader import runtime
from grader.errors import BadInput
from grader.runtime import archive, cache, jars, java

Status = Literal["ok", "warning", "problem"]

DISK_NEEDED = 1 << 30
"""Bytes that must be free where labs are raised: the archive, and a lab at its limit."""

MEMORY_NEEDED = 2 << 30
"""Bytes of memory that one lab wants: its bar is 1.6 GB, and the system needs some."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``problem`` keeps labs from running, ``warning`` does not."""

    name: str
    status: Status
    found: str
    meaning: str


def findings() -> tuple[Finding, ...]:
    """All findings, in the order in which a lab comes to need them."""
    checks = (_python, _java, _jars, _archive, _sandbox, _disk, _memory)
    return tuple(_judged(check) for check in checks)


def _judged(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except BadInput as why:
        return Finding(check.__name__.strip("_"), "problem", "not usable", str(why))


def _python() -> Finding:
    version = platform.python_version()
    found = f"{version} in {sys.prefix}"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Finding("python", "ok", found, "Labs run on this Python.")
    return Finding("python", "problem", found, "Python 3.11, 3.12 or 3.13 is needed.")


def _java() -> Finding:
    chosen = java.find()
    asked = bool(os.environ.get("GRADER_JAVA_HOME"))
    origin = "GRADER_JAVA_HOME asks for it." if asked else "It came with the packages; none need be installed."
    return Finding("java", "ok", f"{chosen.major} in {chosen.home}", origin)


def _jars() -> Finding:
    ready = jars.ready()
    if ready:
        return Finding("jars", "ok", f"{len(ready)} in {ready[0].parent}", "Delta Lake, checksums verified.")
    return Finding(
        "jars",
        "warning",
        "not all in the cache",
        "The next grading fetches Delta Lake, 13 MB. Without network, name a folder of them in GRADER_JARS_DIR.",
    )


def _archive() -> Finding:
    ready = jars.ready()
    if not ready:
        return Finding("quick start", "warning", "not made yet", "It is made once the jars are there.")
    home, chosen = runtime.spark_home(), java.find()
    path, failure = archive.state(runtime.Runtime(chosen.binary, chosen.major, home, ready, None, ()))
    if path.is_file():
        size = path.stat().st_size >> 20
        if archive.partial(path).is_file():
            why = f"Made for a part of what labs do, so they are slower than need be; {archive.partial(path)} says why."
            return Finding("quick start", "warning", f"{size} MB, {path}", why)
        return Finding("quick start", "ok", f"{size} MB, {path}", "Spark starts from loaded classes.")
    if failure:
        return Finding(
            "quick start",
            "warning",
            failure.splitlines()[0],
            f"Labs work and start more slowly. To try again, remove {path.with_suffix('.failed')}",
        )
    return Finding("quick start", "warning", "not made yet", "The next grading makes it, in about a minute.")


def _sandbox() -> Finding:
    from grader.lab import sandbox

    why_not = sandbox.unavailable()
    if why_not is None:
        return Finding("sandbox", "ok", sandbox.bwrap(), "Submissions see their lab and nothing else.")
    return Finding(
        "sandbox",
        "warning",
        why_not,
        "Submissions run as plain processes with limits: fit for your own work, not for other people's.",
    )


def _disk() -> Finding:
    import tempfile

    places = {"cache": cache.folder(), "labs": Path(tempfile.gettempdir())}
    free = {name: shutil.disk_usage(path).free for name, path in places.items()}
    found = ", ".join(f"{free[name] / 2**30:.1f} GB free in {path} ({name})" for name, path in places.items())
    if min(free.values()) >= DISK_NEEDED:
        return Finding("disk", "ok", found, "Enough for the archive and for labs.")
    return Finding("disk", "problem", found, "A lab wants 1 GB: free some, or set TMPDIR or GRADER_CACHE_DIR.")


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    found = f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GB available"
    if memory.available >= MEMORY_NEEDED:
        at_once = memory.available // MEMORY_NEEDED
        return Finding("memory", "ok", found, f"Enough for {at_once} {'lab' if at_once == 1 else 'labs'} at once.")
    return Finding("memory", "warning", found, "A lab may take 1.6 GB: close something, or expect it to be slow.")
