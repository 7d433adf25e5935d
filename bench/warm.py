"""Warm labs against sealed ones, side by side in one run: `bench/warm.py [EXERCISE ...] [--runs N]`.

An accepted solution is graded in a sealed and in a warm lab, in turns. The warm lab has graded it once before, since
`grade verify` has it grade some ten submissions or more. Wall time of the whole grading, the judge included.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from measure import HOME, SEED

sys.path.insert(0, str(HOME))

from grader import catalog, pipeline, solutions
from grader.catalog import Exercise
from grader.lab import sandbox, warm
from grader.lab.warm import WarmLab

BAR = 0.75


def main() -> None:
    """Measure and tell; ends with status 1 when the bar is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("exercise", nargs="*", default=["ex1", "ex5"])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    met = [measured(catalog.find(name), options.runs) <= BAR for name in options.exercise]
    sys.exit(not all(met))


def measured(exercise: Exercise, runs: int) -> float:
    """The median ratio of warm to sealed."""
    ratios = []
    with warm.opened(exercise, sandbox.choose("auto"), lambda text: None) as lab:
        timed(exercise, lab)
        for run in range(runs):
            sealed, warmed = timed(exercise, None), timed(exercise, lab)
            ratios.append(warmed / sealed)
            print(f"  run {run + 1}: sealed {sealed:.1f} s, warm {warmed:.1f} s, ratio {ratios[-1]:.2f}", flush=True)
    ratio = statistics.median(ratios)
    print(f"{exercise.id}: a warm lab to a sealed one {ratio:.2f}, bar {BAR}: {'met' if ratio <= BAR else 'MISSED'}")
    return ratio


def timed(exercise: Exercise, lab: WarmLab | None) -> float:
    """Wall seconds of a grading that must earn everything."""
    found = solutions.discover(exercise, solutions.default_folder(exercise))
    solution = next(one for one in found if one.kind == "accepted")
    started = time.monotonic()
    card = pipeline.grade(exercise, solution.path, pipeline.Options(seed=SEED), warm=lab)
    if card.status != "graded" or any(check.outcome != "passed" for check in card.checks):
        sys.exit(f"{solution.name} did not earn everything: {card.reason}")
    return time.monotonic() - started


if __name__ == "__main__":
    main()
