"""The proof: everything that takes too long for `make test`, in parts that CI takes in turns.

    python -m tests.proof                        all parts
    python -m tests.proof --list                 their names, and how many minutes each takes
    python -m tests.proof "solutions ex1, seed 2" ...
    python -m tests.proof --turn 412 --minutes 20

With ``--turn`` the parts begin at another one for each number, and go on as long as there is time. A part that no time
is left for is named and no failure. Each commit on main has the next number, so each part comes first once in as many
commits as there are parts.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader import catalog, verify

ROOT = Path(__file__).parents[1]
SEEDS = (1, 2)
SECONDS_A_LAB = 12
"""How long two slow cores take for each of the labs that ``grade verify`` counts, sealed ones included."""

TESTS: dict[str, tuple[tuple[str, ...], float]] = {
    "hostile classes": (("test_hostile_class", "test_class_text"), 8),
    "kill tests": (("test_class_run", "test_interrupts"), 5),
    "faults": (("test_faults", "test_lifecycle_faults", "test_seed"), 6),
    "floods": (("test_grader_memory", "test_tracking_faults"), 3),
    "suites and evidence": (("test_ex2_suite", "test_evidence_faults", "test_feature_store", "test_parcels"), 3),
    "spoiled evidence": (("test_spoiled",), 8),
    "labs": (("test_capture", "test_explore", "test_hostile_folder", "test_house", "test_probe", "test_warm"), 5),
    "servers and pages": (("test_class_pages", "test_parity", "test_webhooks", "test_workspace"), 2),
}
"""The modules with tests marked ``proof``, and how many minutes two slow cores take for these."""


@dataclass(frozen=True)
class Part:
    """A command that proves something, and about how many minutes two slow cores take for it."""

    name: str
    command: tuple[str, ...]
    minutes: float


def parts() -> Iterator[Part]:
    """All parts; tests stand between solutions."""
    tests = [
        Part(
            name,
            ("pytest", "-n", "auto", "--dist", "loadscope", "-m", "proof", *map("tests/{}.py".format, modules)),
            minutes,
        )
        for name, (modules, minutes) in TESTS.items()
    ]
    for seed in SEEDS:
        for exercise in catalog.all_exercises():
            minutes = verify.labs(exercise) * SECONDS_A_LAB / 60
            command = ("grade", "verify", str(exercise.id), "--seed", str(seed))
            yield Part(f"solutions {exercise.id}, seed {seed}", command, minutes)
            if tests:
                yield tests.pop(0)
    yield from tests


def main() -> int:
    everything = list(parts())
    chosen = argparse.ArgumentParser(description="Run the parts of the proof.")
    chosen.add_argument("name", nargs="*", choices=[[], *(part.name for part in everything)], metavar="PART")
    chosen.add_argument("--list", action="store_true")
    chosen.add_argument("--turn", type=int, default=0, metavar="N")
    chosen.add_argument("--minutes", type=float, default=float("inf"), metavar="M")
    options = chosen.parse_args()
    if options.list:
        for part in everything:
            print(f"{part.minutes:5.1f}  {part.name}")
        return 0
    return run(in_turn(everything, options.turn, options.name), options.minutes)


def in_turn(everything: Sequence[Part], turn: int, names: Sequence[str]) -> list[Part]:
    """The parts that are wanted (all, if no names are given), in the order of this turn."""
    first = turn % len(everything)
    order = [*everything[first:], *everything[:first]]
    return [part for part in order if not names or part.name in names]


def run(wanted: Sequence[Part], minutes: float) -> int:
    """Run the parts for which there is time, and say how each went. Returns 1 if one failed, else 0."""
    deadline = time.monotonic() + 60 * minutes
    failed, left_out = [], []
    for part in wanted:
        seconds = deadline - time.monotonic()
        if part.minutes * 60 > seconds:
            left_out.append(part.name)
            continue
        print(f"--- {part.name}", flush=True)
        started = time.monotonic()
        status = _run(part, seconds)
        print(f"--- {part.name}: {_words(status)}, {(time.monotonic() - started) / 60:.1f} min", flush=True)
        if status is None:
            left_out.append(part.name)
        elif status:
            failed.append(part.name)
    print(f"Proof: {len(wanted) - len(left_out)} of {len(wanted)} parts, {len(failed)} failed.")
    for title, names in (("Failed", failed), ("Left out for want of time", left_out)):
        if names:
            print(f"{title}: {'; '.join(names)}.")
    return 1 if failed else 0


def _run(part: Part, seconds: float) -> int | None:
    """The command's exit status, None if it was stopped because the time was over."""
    program, *arguments = part.command
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
        try:
            return process.wait(None if seconds == float("inf") else seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            return None


def _words(status: int | None) -> str:
    return "stopped, the time was over" if status is None else "passed" if status == 0 else f"FAILED ({status})"


if __name__ == "__main__":
    sys.exit(main())
