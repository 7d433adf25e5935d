"""The lab: raises a fresh Databricks-like workspace for one submission, runs its cells, takes it down.

Takes cells, an exercise and a seed; knows nothing of points or checks.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.catalog import Exercise, home
from grader.errors import BadInput, NotGraded
from grader.lab import sandbox
from grader.lab.inside.lab_guest.interpreter import command
from grader.lab.limits import Limits
from grader.lab.record import LabRecord
from grader.runtime import templates
from grader.submission import Submission

if TYPE_CHECKING:
    from grader.lab.warm import WarmLab

LONGEST_PLACE = 60
"""Longest path of a folder for labs: what lies below names sockets, whose paths end at some 100 characters."""

LAB_MB = 640
"""Disk that a lab may take: what its code may write (:class:`Limits`), and what it comes with."""


def load_fixture(exercise: Exercise) -> Any:
    """The module of seeded data makers that the exercise names; ``fixtures/`` lies beside ``exercises/``."""
    root = str(home())
    if root not in sys.path:
        sys.path.append(root)
    return importlib.import_module(f"fixtures.{exercise.fixture}")


def need_room(labs: int = 1) -> None:
    """Raise BadInput unless the disk holds this number of labs at their limit: one that fills it stops the others."""
    place = _place()
    free, needed = shutil.disk_usage(place).free >> 20, labs * LAB_MB
    if free < needed:
        fewer = ", or raise fewer at a time with --jobs" if labs > 1 else ""
        raise BadInput(
            f"{place} has {free:,} MB free, and {labs} lab{'s' if labs > 1 else ''} may take {needed:,} MB: free some, "
            f"set TMPDIR to a folder with more{fewer}."
        )


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A fresh folder for one lab, removed afterwards."""
    path = _make()
    try:
        (path / "root").mkdir()
        (path / "run").mkdir()
        yield path
    finally:
        try:
            remove(path)
        except KeyboardInterrupt:  # Whoever is impatient shall not be left with the folder.
            remove(path)
            raise


def _make() -> Path:
    """Raises BadInput when there is no place for a lab."""
    try:
        return Path(tempfile.mkdtemp(prefix="lab-", dir=_place()))
    except OSError as error:
        raise BadInput(f"No folder for the lab can be made ({error}): set TMPDIR to a place to write to.") from error


def _place() -> str:
    """The folder that labs lie in. Raises BadInput when there is none."""
    try:
        place = tempfile.gettempdir()
    except OSError as error:
        raise BadInput(f"No folder for the lab can be made ({error}): set TMPDIR to a place to write to.") from error
    return place if len(place) <= LONGEST_PLACE else "/tmp"


def remove(path: Path) -> None:
    """Remove a file or folder of a lab, whatever depth and permissions a cell gave its parts."""
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(path)
    if os.path.lexists(path):
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass(frozen=True)
class Site:
    """A place where labs can be raised, with what they are made of.

    ``spark`` is what the first process must know of Spark (:mod:`lab_guest.boot`); ``template`` what each lab gets a
    copy of (:mod:`grader.runtime.templates`).
    """

    place: sandbox.Place
    spark: dict[str, Any]
    template: Path

    def config(self, data: Any = None) -> dict[str, Any]:
        """The settings of the lab's first process. ``data`` is the fixture's plan, or None if there is no exercise."""
        return {
            **self.spark,
            "root": self.place.root,
            "scratch": self.place.scratch,
            "user": self.place.user,
            "widgets": {"root": self.place.root, **(data.widgets if data is not None else {})},
        }

    def fill(self, path: Path, exercise: Exercise | None, data: Any) -> dict[str, Any]:
        """Fill the lab's folder ``path`` while the lab comes up. Returns what the judge must know of that."""
        _lay_store(self.template / templates.STORE, path / "root" / templates.STORE, self.place.root)
        facts = load_fixture(exercise).write(data, path / "root") if exercise else {}
        if self.place.user is not None:
            sandbox.hand_over(path / "root", self.place.user)
        return dict(facts)


def prepare(
    path: Path, *, spark: bool, isolation: sandbox.Isolation, notify: Callable[[str], None], first: bool = False
) -> Site:
    """Get ready to raise a lab below ``path``, with Spark or without. ``first`` as for :func:`sandbox.place`.

    Raises BadInput when the machine lacks something.
    """
    from grader import runtime
    from grader.runtime import jvm

    parts = runtime.prepare(notify) if spark else None
    template = templates.provide(notify)
    notify("raising the lab")
    shutil.copytree(template / templates.FONTS, path / "run" / templates.FONTS)
    place = sandbox.place(isolation, path, parts.read_paths if parts else (), first=first)
    started = {
        "jvm": _jvm(jvm, parts, place) if parts else None,
        "spark_home": str(parts.spark_home) if parts else None,
        "shares_spark": False,
    }
    return Site(place, started, template)


def run(
    exercise: Exercise,
    submission: Submission,
    seed: int,
    path: Path,
    *,
    isolation: sandbox.Isolation,
    notify: Callable[[str], None],
    warm: WarmLab | None = None,
) -> LabRecord:
    """Run the submission's cells in a fresh lab below ``path`` and take the lab down.

    ``warm``: run them there instead, with ``path`` as its folder; for the project's own solutions only.

    Raises BadInput when the machine lacks something, NotGraded when the lab fails without the learner's doing.
    """
    from grader.lab import kernel

    limits = Limits.of(exercise.limits)
    fixture = load_fixture(exercise)
    data = fixture.plan(seed)
    house = exercise.workspace
    site = warm.site if warm else prepare(path, spark=exercise.spark, isolation=isolation, notify=notify, first=house)
    started = time.monotonic()
    place = site.place
    config = {
        **site.config(data),
        **(warm.changes if warm else {}),
        "results": list(exercise.results),
        "results_file": str(path / "run" / "results.json"),
        "limits": limits.for_guest(own_processes=isolation == "sandbox"),
        "family": "house" if house else "keeper" if isolation == "process" and not warm else None,
    }
    (path / "run" / "boot.json").write_text(json.dumps(config))
    afterwards = fixture.afterwards(data) if hasattr(fixture, "afterwards") else ()
    facts: dict[str, Any] = {}
    boot = str(path / "run" / "boot.json")
    if warm:
        argv, environment = warm.command(boot), warm.environment
    else:
        argv, environment = [*place.prefix, *command("lab_guest.boot", boot)], place.environment
    try:
        done = kernel.to_the_end(
            kernel.run(
                argv,
                environment,
                path,
                submission.cells,
                limits,
                lambda: facts.update(site.fill(path, exercise, data)),
                notify,
                afterwards,
            )
        )
        if warm:
            warm.wait()
    except OSError as error:
        raise NotGraded(f"the lab's files could not be written ({error})") from error
    if isolation == "sandbox" and not (path / "root").is_dir():  # which nothing in a sandbox can remove
        raise NotGraded(f"the lab's folder {path} was removed while it was in use: something tidies up there")
    timings = {
        "raise": round(done.started_seconds, 3),
        "cells": round(sum(cell.seconds for cell in done.cells), 3),
        "results": round(done.captured_seconds, 3),
        **({"afterwards": round(done.afterwards_seconds, 3)} if afterwards else {}),
        "lab": round(time.monotonic() - started, 3),
    }
    return LabRecord(path, place.root, done.cells, isolation, done.ended, timings, facts, done.reported)


def _lay_store(template: Path, store: Path, root: str) -> None:
    """A tracking store of the lab's own, with artifacts below ``root`` as the lab sees it."""
    shutil.copy(template, store)
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = ?", (f"{root}/mlruns/0",))


def _jvm(jvm: Any, parts: Any, place: sandbox.Place) -> list[str]:
    properties = {
        **jvm.LAB_PROPERTIES,
        "spark.sql.warehouse.dir": f"{place.root}/warehouse",
        "java.io.tmpdir": place.scratch,
        # Rows in the files that a Z-order wrote lie in its order: the judge can see it in the data.
        "spark.databricks.io.skipping.mdc.sortWithinFiles": "true",
    }
    command: list[str] = jvm.command(parts, properties)
    return command
