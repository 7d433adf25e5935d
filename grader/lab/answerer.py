"""A process in a sandbox that answers questions, one JSON line each, and is watched meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.lab import sandbox
from grader.lab.inside.lab_guest import cputime
from grader.lab.limits import Limits
from grader.lab.watch import Watch

START_SECONDS = 300
"""How long a process may take to come up: some seconds, but a machine may be busy with others."""
MAX_ANSWER_BYTES = 5 << 20
"""A little more than a probe itself lets through: it may take forty times as much memory when it is read."""
READY = b'{"ready": true}\n'
"""What the process says when it has come up."""
EVERY_SECONDS = 0.1


class Answerer:
    """One such process. It runs ``command`` at ``place``, with its log in ``log``, within ``limits``."""

    def __init__(self, place: sandbox.Place, command: Sequence[str], log: Path, limits: Limits) -> None:
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [*place.prefix, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=place.environment,
                cwd=log.parent if place.isolation == "sandbox" else place.scratch,
            )
        self._watch = Watch(self._process.pid, [], limits)
        self._ready = False

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def ready(self) -> bool:
        """Wait until it has come up. False if it ends instead, or takes too long."""
        self._ready = self._ready or self._line(time.monotonic() + START_SECONDS) == READY
        return self._ready

    def work(self) -> float:
        """CPU seconds that the process and all that it started have used; NaN where that can't be told."""
        return cputime.spent(self._process.pid)

    def ask(self, question: Mapping[str, Any], deadline: float) -> dict[str, Any] | str:
        """Its answer, or the name of the limit it is over, ``died`` if it has ended or spoken nonsense."""
        assert self._process.stdin is not None
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

    def close(self) -> None:
        """End the process and all that it started."""
        self._watch.sweep()
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self._process.wait()

    def _line(self, deadline: float) -> bytes | str:
        """The next line that the process writes (empty if it ended), or the name of the limit that it is over."""
        assert self._process.stdout is not None
        out, data = self._process.stdout.fileno(), b""
        while not data.endswith(b"\n"):
            if time.monotonic() > deadline:
                return "timeout"
            ready, _, _ = select.select([out], [], [], EVERY_SECONDS)
            breach = self._watch.processes()
            if breach:
                return breach[0]
            piece = os.read(out, 1 << 16) if ready else None
            if piece == b"" or len(data) > MAX_ANSWER_BYTES:
                return b""
            data += piece or b""
        return data
