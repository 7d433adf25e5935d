"""Asks logged models how they behave: in a sandbox of their own, after the submission has ended.

A probe sees Python and a copy of the models that it is asked about, and nothing else: not the lab's other files, not
the tracking store, and no expected value. Whatever a model does there, it costs its own answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.errors import NotGraded
from grader.evidence import files
from grader.lab import logs, sandbox
from grader.lab.answerer import Answerer
from grader.lab.inside.lab_guest import cputime, interpreter
from grader.lab.limits import Limits

QUESTION_SECONDS = 15
"""CPU time for one question. A model that waits may take PATIENCE times as long (``lab_guest.cputime``)."""
ALL_SECONDS = 75
"""CPU time for all questions about one submission.

In wall time they may take PATIENCE times as long, and each start of a process after the first counts in that.
"""
GRACE_SECONDS = 15
"""How much longer than a question's own time is waited for its answer: the process keeps that time itself."""
MOST_MODEL_BYTES = 128 << 20

LIMITS = replace(Limits(), memory_mb=1024, lab_memory_mb=2048, processes=200, disk_mb=64)


class Prober:
    """Answers questions about models below a lab's folder. Starts its process when it is first asked, or warmed.

    ``seconds``: how much CPU time it may take to answer one question.
    """

    def __init__(self, folder: Path, isolation: sandbox.Isolation, *, seconds: float = QUESTION_SECONDS) -> None:
        self._folder = folder / "probe"
        self._isolation = isolation
        self._place: sandbox.Place | None = None
        self._process: Answerer | None = None
        self._seconds = seconds
        self._work_left = float(ALL_SECONDS)
        self._left = float(cputime.PATIENCE * ALL_SECONDS)
        self._was_up = False
        self._copies: dict[Path, str] = {}

    def ask(self, model: Path, flavor: str, calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The answer, as ``lab_guest.probe`` documents it; ``ended`` tells why there is none.

        Raises Unreadable when the model's folder is not one that can be copied, NotGraded when no process starts.
        """
        place = self._copy(model)
        if self._has_time():
            self._up()
        if not self._has_time():
            return {"ended": "timeout"}
        work = min(self._seconds, self._work_left)
        seconds = min(cputime.PATIENCE * self._seconds, self._left)
        question = {"model": place, "flavor": flavor, "calls": list(calls), "work": work, "seconds": seconds}
        assert self._process is not None
        started, begun = time.monotonic(), self._process.work()
        answer = self._process.ask(question, started + seconds + GRACE_SECONDS)
        self._left -= time.monotonic() - started
        used = self._process.work() - begun
        self._work_left -= max(0.0, used)  # 0 where it can't be told, as of a process that has ended
        if isinstance(answer, dict):
            return answer
        self.close()
        return {"ended": answer}

    def _has_time(self) -> bool:
        return self._work_left > 0 and self._left > 0

    def warm(self) -> None:
        """Start the process, which takes some seconds to load its modules, unless it runs."""
        if self._process is not None and self._process.runs:
            return
        self.close()
        place = self._placed()
        limits = LIMITS.for_guest(own_processes=place.isolation == "sandbox")
        config = json.dumps({"limits": limits, "user": place.user})
        self._process = Answerer(place, interpreter.command("lab_guest.probe", config), self._folder / "log", LIMITS)

    def close(self) -> None:
        """End the process and all that it started."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def _placed(self) -> sandbox.Place:
        if self._place is None:
            for name in ("root", "run"):
                (self._folder / name).mkdir(parents=True)
            self._place = sandbox.place(self._isolation, self._folder, writable=False)
        return self._place

    def _copy(self, model: Path) -> str:
        """A copy of the model's folder as the probe sees it."""
        place = self._placed()
        if model not in self._copies:
            name = f"model-{len(self._copies)}"
            files.copy_folder(model, self._folder / "root" / name, MOST_MODEL_BYTES)
            self._copies[model] = f"{place.root}/{name}"
        return self._copies[model]

    def _up(self) -> None:
        """Have a process that is ready for a question. Raises NotGraded when there can't be one."""
        started = time.monotonic()
        self.warm()
        assert self._process is not None
        if not self._process.ready():
            self.close()
            raise NotGraded(f"no probe can be started: {logs.tail(self._folder / 'log')}")
        if self._was_up:
            self._left -= time.monotonic() - started
        self._was_up = True
