"""The bars of class runs, side by side in one run: `make bench`, or `.venv/bin/python bench/classroom.py [--help]`.

Throughput: `grade class` on submissions of exercise 1 (accepted solutions, made distinct by a comment), in the sandbox
and with as many jobs as there are cores, against `nbgrader autograde` (one process: it knows no other way) and `otter
run` (otter's way without containers, as many processes as cores) on the same code as notebooks with equivalent
assertions. The grader goes before the peers and once more after them, so that a machine that slows down slows both.
All three must give everybody the full score. The peers take minutes a submission; what is measured is a rate, so fewer
(`--peer-submissions`, a multiple of the cores) will do for an estimate. They need a Java of 17 or newer on the machine.

Jobs: the same with `--jobs 2` against `--jobs 1`, in turns; and the share of the cores that was busy meanwhile, as the
machine tells it (whatever else runs included), and the processor seconds of the run's own processes, seen twice a
second. A lab alone uses more than one core at times, so two of them can't be twice as fast on two cores: what the
processor seconds allow at best is printed beside the ratio, and means something on a machine that does nothing else.

Memory: the proportional set size of the grader's own processes, parent and workers without their labs and judges, in a
run of many submissions of exercise 5 that do next to nothing: the median over the last ones against that over the
first, those left out in which everything starts up.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from measure import HOME, SEED, pss_kb
from peers import Pace, Peers

sys.path.insert(0, str(HOME))

from grader.classroom import gradebook
from grader.runtime import cache

SOLUTIONS = ("delta_table_api", "dataframe_writer", "mixed_route")
"""Those in Python alone that leave their session open: a notebook's tests can run after them."""
QUICK = (
    "import mlflow\nmlflow.MlflowClient().create_registered_model('mine')",
    "1 / 0",
    "import os\nos._exit(3)",
    "# %% one\nx = 1\n# %% two\nraise ValueError('no')",
    "dbutils.notebook.exit('done')",
)
LEAST_TIMES_PEERS = 5.0
LEAST_TIMES_ONE_JOB = 1.7
MOST_TIMES_MEMORY = 1.15
STARTING, WINDOW = 0.1, 0.2
"""Shares of the memory's run: that at the start which does not count, since workers import what they need, and those
after it and at the end which are compared."""
PARTS = ("throughput", "jobs", "memory")


@dataclass
class Run:
    """A class run as seen from outside."""

    submissions: int
    done: int = 0
    seconds: float = 0.0
    machine_busy: float = 0.0
    """Processor seconds that the machine was at work, for whomever."""
    spent: dict[psutil.Process, float] = field(default_factory=dict)
    """Processor seconds of each process of the run, when it was last seen."""
    own_mb: list[tuple[int, float]] = field(default_factory=list)
    """How many submissions were done, and the size of the grader's own processes then."""

    @property
    def pace(self) -> Pace:
        return Pace(self.submissions, self.seconds)

    @property
    def own_seconds(self) -> float:
        return sum(self.spent.values())

    @property
    def busy(self) -> str:
        """Where the cores' time went, in words."""
        cores = (os.cpu_count() or 1) * self.seconds
        return f"cores busy {self.machine_busy / cores:.0%}, {self.own_seconds / cores:.0%} with this run"


def lay_class(folder: Path, exercise: str, texts: Sequence[str], submissions: int) -> list[Path]:
    """A file for each of so many learners, by these texts in turn, no two the same."""
    paths = []
    for number in range(submissions):
        paths.append(folder / f"learner{number:03}" / f"{exercise}.py")
        paths[-1].parent.mkdir(parents=True)
        paths[-1].write_text(f"{texts[number % len(texts)]}\n# handed in by learner {number}\n")
    return paths


def grade(folder: Path, exercise: str, jobs: int, *, full: bool) -> Run:
    """`grade class` into a new gradebook. Everybody must be graded, in the sandbox; with ``full`` get everything."""
    book = folder.parent / f"book{time.monotonic_ns()}.db"
    command = [str(HOME / "grade"), "class", str(folder), "--exercise", exercise, "--seed", str(SEED)]
    command += ["--jobs", str(jobs), "--gradebook", str(book)]
    run = Run(len(list(folder.iterdir())))
    busy, started = machine_busy(), time.monotonic()
    grading = psutil.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with watched(grading, run):
        said = [line for line in iter(grading.stderr.readline, b"") if not counted(line, run)]
        grading.wait()
    run.seconds, run.machine_busy = time.monotonic() - started, machine_busy() - busy
    if grading.returncode:
        sys.exit(f"{command} ended with {grading.returncode}:\n{b''.join(said).decode()[-2000:]}")
    with gradebook.opened(str(book), create=False) as opened:
        attempts = opened.figures().attempts
    good = [a for a in attempts if a.status == "graded" and (a.score == a.max_score or not full)]
    if len(good) != run.submissions or {a.isolation for a in attempts} != {"sandbox"}:
        sys.exit(f"grade class did not give all {run.submissions} submissions their results in the sandbox")
    return run


def machine_busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def counted(line: bytes, run: Run) -> bool:
    """Whether a line is one of those that are printed for each result; these tell how far the run is."""
    first = line.split(b" of ")[0]
    if first.isdigit():
        run.done = int(first)
    return first.isdigit()


@contextlib.contextmanager
def watched(grading: psutil.Process, run: Run) -> Iterator[None]:
    """Look at a run's processes twice a second."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            with contextlib.suppress(psutil.Error):
                workers = grading.children()
                for process in [grading, *grading.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        times = process.cpu_times()
                        run.spent[process] = times.user + times.system
                own = sum(pss_kb(process) for process in [grading, *workers]) / 1e3
                run.own_mb.append((run.done, own))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()


def solutions() -> list[str]:
    return [(HOME / "solutions/ex1_delta/accepted" / f"{name}.py").read_text() for name in SOLUTIONS]


def throughput(folder: Path, home: Path, submissions: int, peer_submissions: int, jobs: int) -> bool:
    paths = lay_class(folder / "class", "ex1", solutions(), submissions)
    peers = Peers(home, folder)
    ours = [grade(folder / "class", "ex1", jobs, full=True)]
    tell_pace(f"grade class, {jobs} jobs", ours[0].pace)
    theirs = {"nbgrader autograde": peers.nbgrader(paths[:peer_submissions])}
    tell_pace("nbgrader autograde", theirs["nbgrader autograde"])
    theirs["otter run"] = peers.otter(paths[:peer_submissions], jobs)
    tell_pace(f"otter run, {jobs} side by side", theirs["otter run"])
    ours.append(grade(folder / "class", "ex1", jobs, full=True))
    tell_pace(f"grade class, {jobs} jobs, once more", ours[1].pace)
    both = Pace(2 * submissions, sum(run.seconds for run in ours))
    ratios = {name: both.an_hour / pace.an_hour for name, pace in theirs.items()}
    for name, ratio in ratios.items():
        estimate = "" if peer_submissions == submissions else f", the latter's by {peer_submissions}"
        print(f"submissions an hour to {name}, {submissions} submissions{estimate}: {ratio:.2f}")
    ratio = min(ratios.values())
    print(f"throughput to the better of both: {ratio:.2f} (bar: at least {LEAST_TIMES_PEERS})", flush=True)
    return ratio >= LEAST_TIMES_PEERS


def tell_pace(who: str, pace: Pace) -> None:
    each = pace.seconds / pace.submissions
    print(
        f"  {who}: {pace.submissions} in {pace.seconds:.0f} s, {each:.1f} s each, {pace.an_hour:.0f} an hour",
        flush=True,
    )


def compare_jobs(folder: Path, submissions: int, runs: int) -> bool:
    lay_class(folder / "few", "ex1", solutions(), submissions)
    ratios = []
    for number in range(runs):
        one, two = (grade(folder / "few", "ex1", jobs, full=True) for jobs in (1, 2))
        ratios.append(two.pace.an_hour / one.pace.an_hour)
        for jobs, run in ((1, one), (2, two)):
            each = f"{run.seconds / submissions:.1f} s and {run.own_seconds / submissions:.1f} CPU s each"
            print(f"  run {number + 1}, --jobs {jobs}: {submissions} in {run.seconds:.0f} s, {each}, {run.busy}")
        most = min(2, os.cpu_count() or 1) * one.seconds / one.own_seconds
        print(
            f"  run {number + 1}: ratio {ratios[-1]:.2f}; {most:.2f} if no core waited and neither lab slowed the other"
        )
        sys.stdout.flush()
    ratio = statistics.median(ratios)
    print(f"throughput of --jobs 2 to --jobs 1: {ratio:.2f} (bar: at least {LEAST_TIMES_ONE_JOB})", flush=True)
    return ratio >= LEAST_TIMES_ONE_JOB


def memory(folder: Path, submissions: int, jobs: int) -> bool:
    lay_class(folder / "many", "ex5", QUICK, submissions)
    run = grade(folder / "many", "ex5", jobs, full=False)
    starting, window = round(STARTING * submissions), round(WINDOW * submissions)
    early = [size for done, size in run.own_mb if starting <= done < starting + window]
    late = [size for done, size in run.own_mb if done >= submissions - window]
    first, last = statistics.median(early), statistics.median(late)
    tell_pace(f"grade class of quick submissions, {jobs} jobs", run.pace)
    what = f"memory of the grader's own {jobs + 1} processes over {submissions} submissions"
    told = f"{first:.0f} MB from {starting} to {starting + window} done, {last:.0f} MB over the last {window}"
    print(f"{what}, {told}: {last / first:.2f} (bar: at most {MOST_TIMES_MEMORY})", flush=True)
    return last <= MOST_TIMES_MEMORY * first


def main() -> None:
    """Measure and tell; ends with status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=PARTS, action="append", help="may be given again; all by default")
    parser.add_argument("--submissions", type=int, default=24, help="of the class in throughput")
    parser.add_argument("--peer-submissions", type=int, help="how many of them the peers grade; all by default")
    parser.add_argument("--peers", type=Path, help="folder for the peers' environment; in the user's cache by default")
    parser.add_argument("--jobs-submissions", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3, help="of jobs, in turns")
    parser.add_argument("--memory-submissions", type=int, default=200)
    options = parser.parse_args()
    jobs = os.cpu_count() or 1
    peer_submissions = min(options.peer_submissions or options.submissions, options.submissions)
    wanted = options.only or PARTS
    met = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        print("warming up: what the grader prepares once ...", flush=True)
        lay_class(folder / "warm", "ex1", solutions(), 1)
        grade(folder / "warm", "ex1", 1, full=True)
        if "jobs" in wanted:
            met.append(compare_jobs(folder, options.jobs_submissions, options.runs))
        if "memory" in wanted:
            met.append(memory(folder, options.memory_submissions, jobs))
        if "throughput" in wanted:
            home = options.peers or cache.folder("peers")
            met.append(throughput(folder, home.absolute(), options.submissions, peer_submissions, jobs))
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
