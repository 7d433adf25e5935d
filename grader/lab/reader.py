"""Reads Delta tables with Spark, in a sandbox, where delta-rs can't: those that use a newer feature of tables.

A reader sees copies of the tables that it is asked for and nothing else of the lab. It starts when it is first needed,
which takes some seconds: few submissions need one.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.errors import BadInput
from grader.evidence import Unreadable, files
from grader.lab import sandbox
from grader.lab.answerer import Answerer
from grader.lab.inside.lab_guest import interpreter
from grader.lab.limits import Limits

QUESTION_SECONDS = 240
"""Wall time for one version of a table, which is a few seconds of work: for a reader that hangs."""
MAX_TABLE_BYTES = 256 << 20
MAX_ANSWER_BYTES = 64 << 20

LIMITS = replace(Limits(), disk_mb=128)


class Reader:
    """Answers what the rows of a table are. Use :meth:`close` in the end."""

    def __init__(self, folder: Path, isolation: sandbox.Isolation) -> None:
        self._folder = folder / "reader"
        self._isolation = isolation
        self._place: sandbox.Place | None = None
        self._process: Answerer | None = None
        self._copies: dict[Path, str] = {}

    def read(self, table: Path, version: int) -> Any:
        """A version's rows as a table of Arrow, with one row more than can be judged if there are too many.

        Raises Unreadable when Spark can't read it either.
        """
        try:
            process, place = self._up()
        except BadInput as error:
            raise Unreadable(
                f"{table.name} uses a feature of Delta tables that only Spark reads, and {error}"
            ) from error
        if table not in self._copies:
            name = f"table-{len(self._copies)}"
            files.copy_folder(table, self._folder / "root" / name, MAX_TABLE_BYTES)
            self._copies[table] = f"{place.root}/{name}"
        answer = self._folder / "run" / f"answer-{version}.arrow"
        question = {"table": self._copies[table], "version": version, "answer": str(answer)}
        told = process.ask(question, time.monotonic() + QUESTION_SECONDS)
        if not isinstance(told, dict):
            self.close()
            raise Unreadable(f"version {version} of {table.name} can't be read: Spark gave no answer in time")
        if "error" in told:
            raise Unreadable(f"version {version} of {table.name} can't be read: {str(told['error'])[:300]}")
        return _arrow(answer, f"version {version} of {table.name}")

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process = None

    def _up(self) -> tuple[Answerer, sandbox.Place]:
        """The process, ready for a question. Raises BadInput when the machine has no Spark, Unreadable if it does not
        start.
        """
        from grader import lab

        if self._place is None:
            for name in ("root", "run"):
                (self._folder / name).mkdir(parents=True)
            site = lab.prepare(self._folder, spark=True, isolation=self._isolation, notify=lambda text: None)
            self._place = site.place
            limits = LIMITS.for_guest(own_processes=site.place.isolation == "sandbox")
            (self._folder / "run" / "reader.json").write_text(json.dumps({**site.config(), "limits": limits}))
        if self._process is None:
            command = interpreter.command("lab_guest.reader", str(self._folder / "run" / "reader.json"))
            self._process = Answerer(self._place, command, self._folder / "log", LIMITS)
        if not self._process.ready():
            self.close()
            raise Unreadable("a table uses a feature that only Spark reads, and Spark could not be started to read it")
        return self._process, self._place


def _arrow(file: Path, what: str) -> Any:
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(files.read_bytes(file, MAX_ANSWER_BYTES)) as stream:
            return stream.read_all()
    except pa.ArrowException as error:
        raise Unreadable(f"{what} can't be read from what Spark made of it") from error
