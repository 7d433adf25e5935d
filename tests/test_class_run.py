"""``grade class``: killed and resumed, with workers that die, on a cluster, and what it grades again."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader import catalog
from grader.classroom import gradebook, late, layouts, queue, run, worker
from grader.classroom.queue import Failure
from grader.classroom.worker import Done, Work
from grader.errors import BadInput
from grader.lab import sandbox
from tests import extras

ROOT = str(Path(__file__).parents[1])
GRADE = [sys.executable, "-m", "grader", "class"]
MOST_SECONDS = 300
LONGEST_TURN = 6
"""Seconds before a run is killed: enough for a result or two, so that all stages of a run are met."""
NEVER_LATE = late.Policy()
ISOLATION = [] if not sandbox.unavailable() else ["--isolation", "process"]


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """A class of six whose labs are quick, since they do next to nothing."""
    folder = tmp_path / "submissions"
    for number, text in enumerate(
        [
            "import mlflow\nmlflow.MlflowClient().create_registered_model('mine')",
            "1 / 0",
            "import os\nos._exit(3)",
            "# %% one\nx = 1\n# %% two\nraise ValueError('no')",
            "dbutils.notebook.exit('done')",
        ]
    ):
        path = folder / f"learner{number}" / "ex5.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"# {number}\n{text}\n")
    (folder / "learner9").mkdir()
    (folder / "learner9" / "ex5.ipynb").write_text("{")
    return folder


@contextlib.contextmanager
def labs() -> Iterator[dict[str, str]]:
    """An environment whose labs lie in a folder of their own, in which nothing is left in the end."""
    with tempfile.TemporaryDirectory(prefix="g") as place:
        yield {**os.environ, "PYTHONPATH": ROOT, "TMPDIR": place, "NO_COLOR": "1"}


def start(folder: Path, book: Path, environment: dict[str, str], *more: str) -> subprocess.Popen[str]:
    command = [*GRADE, str(folder), "--exercise", "ex5", "--gradebook", str(book), "--jobs", "2", *ISOLATION, *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder.parent
    )


def finish(folder: Path, book: Path, environment: dict[str, str], *more: str) -> tuple[int, str, str]:
    process = start(folder, book, environment, *more)
    said, errors = process.communicate(timeout=MOST_SECONDS)
    return process.returncode, said, errors


def kept(book: Path) -> dict[Any, Any]:
    """What a gradebook holds: each card by its key and turn, without what differs from run to run."""
    found = {}
    with gradebook.opened(str(book), create=False) as opened:
        for attempt in opened.history():
            card = copy.deepcopy(opened.card(attempt.id))
            card["timings"] = None
            for cell in card["cells"]:
                cell["seconds"] = None
            found[attempt.key, attempt.turn] = card
    return found


@pytest.mark.proof
@pytest.mark.lab
def test_killed_twenty_times_it_comes_to_the_same(submissions: Path, tmp_path: Path) -> None:
    moments = random.Random(1)
    whole, broken = tmp_path / "whole.db", tmp_path / "broken.db"
    with labs() as environment:
        status, said, _ = finish(submissions, whole, environment, "--seed", "3")
        assert status == 1 and "5 graded, 1 not graded" in said
        for _ in range(20):
            process = start(submissions, broken, environment, "--seed", "3")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0, LONGEST_TURN))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        status, said, _ = finish(submissions, broken, environment, "--seed", "3")
        # Kept or graded at last: each was graded once.
        assert status in (0, 1)
        assert kept(broken) == kept(whole)
        assert len(kept(whole)) == 6


@pytest.mark.lab
def test_interrupted_it_ends_and_goes_on(submissions: Path, tmp_path: Path) -> None:
    book = tmp_path / "grades.db"
    with labs() as environment:
        process = start(submissions, book, environment, "--seed", "3")
        assert process.stderr is not None
        process.stderr.readline()  # the first result
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=MOST_SECONDS)
        assert process.returncode == 130 and errors.splitlines()[-1] == "Interrupted."
        assert "Traceback" not in errors
        assert not list(Path(environment["TMPDIR"]).glob("lab-*"))
        before = kept(book)
        assert 1 <= len(before) < 6
        status, said, errors = finish(submissions, book, environment, "--seed", "3")
        assert status in (0, 1) and f"{len(before)} kept from before" in said
        assert before.items() <= kept(book).items() and len(kept(book)) == 6
        assert "Traceback" not in errors
        # Nothing new, nothing to do.
        status, said, errors = finish(submissions, book, environment, "--seed", "3")
        assert status == 0 and "0 graded, 6 kept from before" in said and errors == ""


@pytest.mark.proof
@pytest.mark.lab
def test_what_is_graded_again(submissions: Path, tmp_path: Path) -> None:
    book = tmp_path / "grades.db"

    def turns() -> dict[str, int]:
        newest: dict[str, int] = {}
        for key, turn in kept(book):
            newest[key.learner] = max(turn, newest.get(key.learner, 0))
        return newest

    with labs() as environment:
        finish(submissions, book, environment, "--seed", "3", "--only", "learner1", "--only", "learner9")
        assert turns() == {"learner1": 0, "learner9": 0}
        finish(submissions, book, environment, "--seed", "3", "--only", "learner1", "--force")
        finish(submissions, book, environment, "--seed", "3", "--only", "learner9", "--retry-failed")
        finish(submissions, book, environment, "--seed", "3", "--only", "learner1", "--retry-failed")
        assert turns() == {"learner1": 1, "learner9": 1}
        (submissions / "learner1" / "ex5.py").write_text("2 / 0\n")
        finish(submissions, book, environment, "--seed", "3", "--only", "learner1")
        assert sorted(turn for key, turn in kept(book) if key.learner == "learner1") == [0, 0, 1]
        status, _, errors = finish(submissions, book, environment, "--seed", "3", "--only", "learner7")
        assert status == 2 and "There is no learner 'learner7'" in errors


# The queue


def pieces(*contents: bytes) -> list[Any]:
    return [
        (n, lambda content=content: Work("ex5", "x.py", content, 1, "process")) for n, content in enumerate(contents)
    ]


def grade_or_die(work: Work) -> Done:
    """Stands for the grading of a submission: ends its process if the content says so."""
    if work.content == b"die":
        os._exit(9)
    if work.content == b"fail":
        raise ValueError("what nobody thought of")
    time.sleep(0.05)
    return Done({"content": work.content.decode()}, 0.1)


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "grade", grade_or_die)


@pytest.mark.server
@pytest.mark.usefixtures("dying")
def test_a_submission_that_ends_its_worker_costs_only_itself() -> None:
    contents = [b"a", b"b", b"die", b"c", b"d", b"die", b"e", b"fail", b"f"]
    with queue.local(2) as workers:
        found = dict(queue.run(pieces(*contents), workers))
    assert len(found) == len(contents)
    for number, content in enumerate(contents):
        outcome = found[number]
        if content == b"die":
            assert outcome == Failure("the process that graded it ended, twice")
        elif content == b"fail":
            assert isinstance(outcome, Failure) and "what nobody thought of" in outcome.reason
        else:
            assert isinstance(outcome, Done) and outcome.card["content"] == content.decode()


@pytest.mark.usefixtures("dying")
def test_a_file_that_is_gone_costs_only_itself() -> None:
    def gone() -> Work:
        raise FileNotFoundError(2, "No such file or directory")

    with queue.local(2) as workers:
        found = dict(queue.run([*pieces(b"a", b"b"), (2, gone)], workers))
    assert isinstance(found[2], Failure) and "can't be read" in found[2].reason
    assert isinstance(found[0], Done) and isinstance(found[1], Done)


@pytest.mark.server
@pytest.mark.usefixtures("dying")
def test_interrupted_at_any_moment_it_comes_to_an_end() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as it is in the background
    moments = random.Random(2)
    try:
        for _ in range(5):
            killer = threading.Timer(moments.uniform(0.5, 2), os.kill, (os.getpid(), signal.SIGINT))
            found = {}
            with pytest.raises(KeyboardInterrupt), queue.local(2) as workers:
                killer.start()
                for number, outcome in queue.run(pieces(*[b"a"] * 1000), workers):
                    found[number] = outcome
            assert len(found) < 1000
            assert not multiprocessing.active_children()
    finally:
        signal.signal(signal.SIGINT, before)


# A cluster


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask scheduler and two workers, each a process of its own."""
    extras.needed("distributed", "cluster")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    log = (tmp_path / "dask.log").open("wb")
    how = {"env": environment, "cwd": tmp_path, "stdout": log, "stderr": log}
    processes = [subprocess.Popen([*dask, "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"], **how)]  # type: ignore[call-overload]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    command += ["--no-nanny", "--death-timeout", "60", "--local-directory", str(tmp_path)]
    processes += [subprocess.Popen(command, **how) for _ in range(2)]  # type: ignore[call-overload]
    try:
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
        log.close()


@pytest.mark.proof
@pytest.mark.lab
def test_on_a_cluster_with_a_worker_killed_it_comes_to_the_same(
    submissions: Path, tmp_path: Path, scheduler: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, processes = scheduler
    here, there = tmp_path / "here.db", tmp_path / "there.db"
    with labs() as environment:
        finish(submissions, here, environment, "--seed", "3")
        deadline = time.monotonic() + MOST_SECONDS
        while _workers(address) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        command = [*GRADE, str(submissions), "--exercise", "ex5", "--gradebook", str(there), "--cluster", address]
        process = subprocess.Popen(
            [*command, *ISOLATION, "--seed", "3"],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert process.stderr is not None
        process.stderr.readline()
        processes[1].kill()
        said, errors = process.communicate(timeout=MOST_SECONDS)
        assert process.returncode == 1, errors
        assert "5 graded, 1 not graded" in said
    assert kept(there) == kept(here)


def _workers(address: str) -> int:
    """How many workers the scheduler has, as far as one answers."""
    try:
        with queue.cluster(address) as workers:
            return workers.width
    except BadInput:
        return 0


@pytest.mark.server
def test_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    extras.needed("distributed", "cluster")
    monkeypatch.setattr(queue, "CONNECT_SECONDS", 1)  # it asks again until then
    with pytest.raises(BadInput, match="No scheduler answers"):
        queue.cluster("tcp://127.0.0.1:1")


# Without a sandbox


def test_a_class_is_not_graded_without_a_sandbox_unless_told(
    submissions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from grader.cli import classroom

    with pytest.raises(BadInput, match="--isolation process"):
        classroom._check_isolation("sandbox", "the system does not permit it.")
    classroom._check_isolation("process", "the system does not permit it.")
    classroom._check_isolation("sandbox", None)


# What is graded again


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the queue is given to grade, which it only notes."""
    noted: list[str] = []

    def note(pieces: Any, workers: Any) -> Iterator[Any]:
        for item, load in pieces:
            noted.append(f"{item.key.learner} {item.key.exercise}")
            exercise = catalog.find(load().exercise)
            yield item, Done(run._refused(tmp_path, item, {exercise.id: exercise}, "only noted"), 0.0)

    monkeypatch.setattr(queue, "run", note)
    return noted


def class_run(tmp_path: Path, exercises: list[catalog.Exercise], policy: late.Policy = NEVER_LATE) -> run.Tally:
    """With no seed given: the gradebook draws one, and keeps it, or all would be graded again. No lab is raised."""
    read = layouts.read(tmp_path / "in", exercises)
    with gradebook.opened(str(tmp_path / "grades.db")) as book:
        workers: Any = None
        return run.grade_class(tmp_path, read, exercises, book, workers, seed=None, isolation="process", late=policy)


def test_what_a_suite_did_wrong_is_for_the_log_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in" / "ann").mkdir(parents=True)
    (tmp_path / "in" / "ann" / "ex1.py").write_text("x = 1\n")
    exercise = catalog.find("ex1")

    def fail(pieces: Any, workers: Any) -> Iterator[Any]:
        for item, _ in pieces:
            refused = run._refused(tmp_path, item, {exercise.id: exercise}, "the hidden suite made a mistake")
            yield item, Done(refused, 0.0, "Traceback: KeyError")

    monkeypatch.setattr(queue, "run", fail)
    monkeypatch.setenv("GRADER_LOG_DIR", str(tmp_path / "logs"))
    from grader.cli import classroom

    classroom._tell(class_run(tmp_path, [exercise]), "folders", (), "grades.db")
    said = capsys.readouterr().out
    assert "ann, ex1: the hidden suite made a mistake" in said and "KeyError" not in said
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in said and log.read_text() == "ann, ex1\nTraceback: KeyError"


def test_a_changed_suite_grades_only_what_it_touches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    for learner in ("ann", "bob"):
        for name in ("ex1", "ex5"):
            path = tmp_path / "in" / learner / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x = 1\n")
    exercises = [catalog.find("ex1"), catalog.find("ex5")]

    def graded() -> list[str]:
        asked.clear()
        class_run(tmp_path, exercises)
        return sorted(asked)

    assert graded() == ["ann ex1", "ann ex5", "bob ex1", "bob ex5"]
    assert graded() == []
    monkeypatch.setitem(exercises[1].__dict__, "suite_version", "2+changed")
    assert graded() == ["ann ex5", "bob ex5"]
    (tmp_path / "in" / "bob" / "ex1.py").write_text("x = 2\n")
    assert graded() == ["bob ex1"]
    # What was handed in before, and is again, counts again and is not graded again.
    (tmp_path / "in" / "bob" / "ex1.py").write_text("x = 1\n")
    assert graded() == [] and graded() == []
    with gradebook.opened(str(tmp_path / "grades.db")) as book:
        first, second, third = book.history(learner="bob", exercise="ex1")
        assert first.key == third.key != second.key and third.turn == 1
        assert third.id in {attempt.id for attempt in book.current()}


@pytest.mark.usefixtures("asked")
def test_what_lateness_costs_is_for_the_policy_of_the_day(tmp_path: Path) -> None:
    path = tmp_path / "in" / "ann" / "ex5.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    os.utime(path, (0, 0))
    exercises = [catalog.find("ex5")]

    def deduction(due: str | None, policy: str | None) -> float:
        class_run(tmp_path, exercises, late.parse(due, policy))
        with gradebook.opened(str(tmp_path / "grades.db")) as book:
            (attempt,) = book.history()
            return attempt.deduction

    assert deduction("1969-12-31T00:00+00:00", "10%") == 0.1
    assert deduction("1969-12-31T00:00+00:00", "20%") == 0.2
    assert deduction(None, None) == 0.2
    os.utime(path)  # as a copy has it
    assert deduction("1970-01-02T00:00+00:00", "zero") == 0.0


def test_a_suites_version_follows_all_that_its_data_are_made_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(catalog.home() / "fixtures", tmp_path / "fixtures", ignore=shutil.ignore_patterns("__pycache__"))
    ex1, ex5 = catalog.find("ex1"), catalog.find("ex5")
    monkeypatch.setattr(catalog, "home", lambda: tmp_path)

    def versions() -> list[str]:
        return [dataclasses.replace(exercise).suite_version for exercise in (ex1, ex5)]

    before = versions()
    with (tmp_path / "fixtures" / "mlflow_store.py").open("a") as file:
        file.write("\n# changed\n")
    after = versions()
    assert after[0] == before[0] and after[1] != before[1]
