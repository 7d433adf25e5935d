"""Who a lab's process is, and how much it may take."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping

from . import namespaces


def become(user: int) -> None:
    """Give up being root for a user that nobody else has; what is started from here on is that user's."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def confine(limits: Mapping[str, float] | None) -> None:
    """Set what holds for all of a lab, Spark's JVM included: before anything else is started.

    Raises OSError when the system does not permit it.
    """
    namespaces.forbid()
    if limits:
        _at_most(resource.RLIMIT_NOFILE, int(limits["open_files"]))


def limit(limits: Mapping[str, float]) -> None:
    """Set this process's limits (``grader.lab.limits``); what it has started before keeps its own."""
    memory = int(limits["memory_mb"]) << 20
    disk = int(limits["disk_mb"]) << 20
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, disk),
        (resource.RLIMIT_NPROC, int(limits["processes"])),
    ):
        if what == resource.RLIMIT_NPROC and not limits["own_processes"]:
            continue  # Outside a sandbox it would count all that the user runs.
        _at_most(what, value)


def _at_most(what: int, value: int) -> None:
    _, hard = resource.getrlimit(what)
    ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(what, (ceiling, ceiling))
