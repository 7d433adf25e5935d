"""A lab in which the project's own solutions run one after another (:mod:`lab_guest.warm`). Never a learner's file.

What a notebook costs before its first cell, and what Spark has to load for each kind of operation, is paid once. In
return the notebooks share a JVM: what one changes there could reach the next. ``grade verify`` holds a sample of its
verdicts against those of fresh labs.
"""

from __future__ import annotations

import contextlib
import json
import select
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import lab
from grader.catalog import Exercise
from grader.errors import NotGraded
from grader.lab import logs, sandbox
from grader.lab.inside.lab_guest.interpreter import command
from grader.lab.limits import Limits
from grader.runtime import templates

READY_SECONDS = 120
"""How long it may take to come up, or to end what a notebook has left behind."""

_NOTEBOOK = ("IPython", "ipykernel.kernelapp", "numpy", "pandas", "sklearn.ensemble", "sklearn.pipeline")
_MLFLOW = ("mlflow", "mlflow.sklearn", "mlflow.pyfunc")
_SPARK = ("pyspark.sql", "pyspark.sql.functions", "delta")


@dataclass(frozen=True)
class WarmLab:
    """An open one. Made by :func:`opened`; :meth:`folder` is for one notebook at a time."""

    path: Path
    site: lab.Site
    process: subprocess.Popen[bytes]
    changes: dict[str, Any]
    """Settings that differ for the notebook's process: the JVM is already running, and the user is already set."""
    environment: dict[str, str]
    """For the process that calls the lab from outside."""

    def command(self, boot: str) -> list[str]:
        """The command that has a notebook run, but for the connection file."""
        return command("lab_guest.handoff", str(_socket(self.path)), boot)

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """The lab's folder, empty. Nothing that a notebook left there stays."""
        kept = {self.path / name for name in ("root", "run", "etc", "scratch", _LOG)}
        kept |= {_socket(self.path), self.path / "run" / templates.FONTS}
        for place in (self.path, self.path / "root", self.path / "run"):
            for left in place.iterdir():
                if left not in kept:
                    lab.remove(left)
        yield self.path

    def wait(self) -> None:
        """Wait until no notebook runs. Raises NotGraded when the lab has ended, or does not come to rest."""
        out = self.process.stdout
        assert out is not None
        if select.select([out], [], [], READY_SECONDS)[0] and out.readline():
            return
        raise NotGraded(f"the warm lab ended or hangs: {logs.tail(self.path / _LOG)}")


_LOG = "warm.log"


def _socket(path: Path) -> Path:
    return path / "run" / "warm.sock"


@contextlib.contextmanager
def opened(exercise: Exercise, isolation: sandbox.Isolation, notify: Callable[[str], None]) -> Iterator[WarmLab]:
    """A warm lab for an exercise's solutions, until the block ends. Raises BadInput and NotGraded as labs do."""
    limits = Limits.of(exercise.limits)
    with lab.folder() as path:
        site = lab.prepare(path, spark=exercise.spark, isolation=isolation, notify=notify)
        config = {
            **site.config(),
            "limits": limits.for_guest(own_processes=isolation == "sandbox"),
            "socket": str(_socket(path)),
            # With a workspace MLflow learns from its surroundings, as it is imported, who imports it.
            "modules": [*_NOTEBOOK, *(() if exercise.workspace else _MLFLOW), *(_SPARK if exercise.spark else ())],
        }
        (path / "run" / "warm.json").write_text(json.dumps(config))
        with (path / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [*site.place.prefix, *command("lab_guest.warm", str(path / "run" / "warm.json"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=site.place.environment,
                cwd=path / "root",
                start_new_session=True,  # Ctrl-C is for the grading process, which ends this one.
            )
        environment = {"PYTHONPATH": str(sandbox.GUEST)}
        warm = WarmLab(path, site, process, {"jvm": None, "user": None}, environment)
        try:
            warm.wait()
            yield warm
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
