"""Asks logged models how they behave: in a sandbox of their own, after the submission has ended.

A probe sees Python and a copy of the models that it is asked about, and nothing else: not the lab's other files, not
the tracking store, and no expected value. Whatever a model does there, it costs its own answer.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.errors import NotGraded
from grader.evidence import Unreadable, files
from grader.lab import logs, sandbox
from grader.lab.inside.lab_guest import cputime, interpreter
from grader.lab.limits import Limits
from grader.lab.watch import Watch

QUESTION_SECONDS = 15
"""CPU time for one question. A model that waits may take PATIENCE times as long (``lab_guest.cputime``)."""
ALL_SECONDS = 75
"""CPU time for all questions about one submission.

In wall time they may take PATIENCE times as long, and each start of a process after the first counts in that.
"""
START_SECONDS = 300
"""How long a process may take to come up: some seconds, but a machine may be busy with others."""
GRACE_SECONDS = 15
"""How much longer than a question's own time is waited for its answer: the process keeps that time itself."""
READY = b'{"ready": true}\n'
MOST_MODEL_BYTES = 128 << 20
MOST_ANSWER_BYTES = 5 << 20
"""A little more than the probe itself lets through: it may take forty times as much memory when it is read."""
EVERY_SECONDS = 0.1

LIMITS = replace(Limits(), memory_mb=1024, lab_memory_mb=2048, processes=200, disk_mb=64)


class Prober:
    """Answers questions about models below a lab's folder. Starts its process when it is first asked, or warmed.

    ``seconds``: how much CPU time it may take to answer one question.
    """

    def __init__(self, folder: Path, isolation: sandbox.Isolation, *, seconds: float = QUESTION_SECONDS) -> None:
        self._folder = folder / "probe"
        self._isolation = isolation
        self._place: sandbox.Place | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: Watch | None = None
        self._seconds = seconds
        self._work_left = float(ALL_SECONDS)
        self._left = float(cputime.PATIENCE * ALL_SECONDS)
        self._ready = False
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
        started, begun = time.monotonic(), self._work()
        answer = self._exchange(question, started + seconds + GRACE_SECONDS)
        self._left -= time.monotonic() - started
        self._work_left -= max(0.0, self._work() - begun)  # 0 where it can't be told, as of a process that has ended
        if isinstance(answer, dict):
            return answer
        self.close()
        return {"ended": answer}

    def _has_time(self) -> bool:
        return self._work_left > 0 and self._left > 0

    def _work(self) -> float:
        """CPU seconds that the process and all that it started have used."""
        return cputime.spent(self._process.pid) if self._process else math.nan

    def warm(self) -> None:
        """Start the process, which takes some seconds to load its modules, unless it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        place = self._placed()
        user = place.user
        limits = LIMITS.for_guest(own_processes=place.isolation == "sandbox")
        config = json.dumps({"limits": limits, "user": user})
        command = [*place.prefix, *interpreter.command("lab_guest.probe", config)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=place.environment,
                cwd=self._folder if place.isolation == "sandbox" else place.scratch,
            )
        self._watch = Watch(self._process.pid, [], LIMITS)

    def close(self) -> None:
        """End the process and all that it started."""
        if self._process is not None and self._watch is not None:
            self._watch.sweep()
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]
            self._process.wait()
        self._process = self._watch = None
        self._ready = False

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
            if files.refuse_strange(model) > MOST_MODEL_BYTES:
                raise Unreadable(f"the model {model.name} is too large to be judged")
            name = f"model-{len(self._copies)}"
            copy = self._folder / "root" / name
            try:
                shutil.copytree(model, copy, copy_function=_copy_file)
            except Unreadable:
                shutil.rmtree(copy)  # The next model is to have its name.
                raise
            copy.chmod(0o755)
            for path in copy.rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
            self._copies[model] = f"{place.root}/{name}"
        return self._copies[model]

    def _up(self) -> None:
        """Have a process that is ready for a question. Raises NotGraded when there can't be one."""
        started = time.monotonic()
        self.warm()
        if not self._ready:
            self._ready = self._line(time.monotonic() + START_SECONDS) == READY
        if not self._ready:
            self.close()
            raise NotGraded(f"no probe can be started: {logs.tail(self._folder / 'log')}")
        if self._was_up:
            self._left -= time.monotonic() - started
        self._was_up = True

    def _exchange(self, question: dict[str, Any], deadline: float) -> dict[str, Any] | str:
        """The process's answer, or the name of the limit it is over, ``died`` if it has ended or spoken nonsense."""
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError, RecursionError):
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._line(deadline)
            if isinstance(line, str):
                return line
            answer = json.loads(line)
            if isinstance(answer, dict):
                return answer
        return "died"

    def _line(self, deadline: float) -> bytes | str:
        """The next line that the process writes (empty if it ended), or the name of the limit that it is over."""
        assert self._process is not None and self._process.stdout is not None and self._watch is not None
        out, data = self._process.stdout.fileno(), b""
        while not data.endswith(b"\n"):
            if time.monotonic() > deadline:
                return "timeout"
            ready, _, _ = select.select([out], [], [], EVERY_SECONDS)
            breach = self._watch.processes()
            if breach:
                return breach[0]
            piece = os.read(out, 1 << 16) if ready else None
            if piece == b"" or len(data) > MOST_ANSWER_BYTES:
                return b""
            data += piece or b""
        return data


def _copy_file(source: str, copy: str) -> None:
    """Copy a model's file. Raises Unreadable when it can't be opened, which is the learner's doing."""
    with files.opened(Path(source), MOST_MODEL_BYTES) as given, Path(copy).open("wb") as taken:
        shutil.copyfileobj(given, taken)
