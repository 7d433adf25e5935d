"""A class with all kinds of hostile submissions in it: nothing is read, nothing escapes, nobody else's result changes.

The corpus lies in ``faults/hostile``, one attack a file. All are graded in one class run, between honest neighbours.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grader import catalog, pipeline, solutions
from grader.classroom import gradebook
from grader.lab import sandbox
from tests.conftest import FAULTS

pytestmark = [pytest.mark.lab, pytest.mark.proof]

ROOT = str(Path(__file__).parents[1])
CORPUS = sorted((FAULTS / "hostile").glob("*.py"))
NEIGHBOURS = ("aaa", "mmm", "zzz")
MOST_SECONDS = 850
SEED = 3
LIMITED = {
    "eats_inodes": "disk",
    "eats_memory": "memory",
    "fills_the_disk": "disk",
    "floods_every_channel": "output",
    "floods_output": "output",
    "forks": "processes",
    "hoards_sockets": "processes",
    "crashes_the_interpreter": "died",
    "will_not_be_interrupted": "timeout",
}
"""How the cell ends that is over a limit; of some attacks more than one limit may be met first."""


@dataclass
class Outcome:
    """What the class run left: the cards by learner, and what was planted."""

    cards: dict[str, dict[str, Any]]
    reports: str
    secret: str
    heard: list[bytes] = field(default_factory=list)
    place: Path = Path()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    if why := sandbox.unavailable():
        pytest.skip(why)
    place = tmp_path_factory.mktemp("class")
    secret = secrets.token_hex(16)
    canary = f"canary-{secret}"
    folder = place / "submissions"
    honest = solutions.default_folder(catalog.find("ex5")) / "accepted" / "client_api.py"
    for learner in NEIGHBOURS:
        (folder / learner).mkdir(parents=True)
        (folder / learner / "ex5.py").write_text(f"# {canary} of {learner}\n{honest.read_text()}")
    for attack in CORPUS:
        (folder / attack.stem).mkdir()
        shutil.copy(attack, folder / attack.stem / "ex5.py")
    home = place / "home"
    home.mkdir()
    (home / "canary.txt").write_text(canary)
    (place / "roster.csv").write_text(f"id,name\naaa,{canary}\n")
    heard: list[bytes] = []
    outside = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0{secret}")
    abstract.listen(5)
    for listener in (outside, abstract):
        threading.Thread(target=_hear, args=(listener, heard, canary), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="g") as labs:
        environment = {**os.environ, "PYTHONPATH": ROOT, "TMPDIR": labs, "HOME": str(home), "CANARY": canary}
        command = [sys.executable, "-m", "grader", "class", str(folder), "--exercise", "ex5", "--jobs", "2"]
        command += ["--seed", str(SEED), "--gradebook", str(place / "grades.db")]
        done = subprocess.run(command, capture_output=True, text=True, cwd=place, env=environment, timeout=MOST_SECONDS)
        left = list(Path(labs).glob("lab-*"))
    outside.close()
    abstract.close()
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert left == []
    with gradebook.opened(str(place / "grades.db"), create=False) as book:
        cards = {attempt.key.learner: book.card(attempt.id) for attempt in book.history()}
    yield Outcome(cards, done.stdout + done.stderr, secret, heard, place)


def _hear(listener: socket.socket, heard: list[bytes], canary: str) -> None:
    try:
        while True:
            client, _ = listener.accept()
            heard.append(b"called")
            client.sendall(canary.encode())
            client.close()
    except OSError:
        return


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    """The honest neighbour's card, graded with nobody else around."""
    exercise = catalog.find("ex5")
    honest = solutions.default_folder(exercise) / "accepted" / "client_api.py"
    return pipeline.grade(exercise, honest, pipeline.Options(seed=SEED)).as_json()


attacks = pytest.mark.parametrize("attack", [path.stem for path in CORPUS])


def message(run: Outcome, attack: str) -> str:
    (cell,) = run.cards[attack]["cells"]
    return str(cell["error"]["message"]) if cell["error"] else ""


def test_there_are_enough_of_them() -> None:
    assert len(CORPUS) >= 30


@attacks
def test_each_has_a_result_and_earns_nothing(run: Outcome, attack: str) -> None:
    card = run.cards[attack]
    assert card["status"] == "graded", card["reason"]
    assert card["isolation"] == "sandbox"
    assert card["score"] == 0
    if attack in LIMITED:
        assert card["cells"][0]["outcome"] == LIMITED[attack]


@attacks
def test_nothing_was_read(run: Outcome, attack: str) -> None:
    assert run.secret not in json.dumps(run.cards[attack])


@pytest.mark.parametrize("learner", NEIGHBOURS)
def test_the_neighbours_results_are_theirs(run: Outcome, alone: dict[str, Any], learner: str) -> None:
    card = run.cards[learner]
    assert card["score"] == card["max_score"]
    for name in ("checks", "topics", "exams", "score"):
        assert card[name] == json.loads(json.dumps(alone[name]))


def test_nobody_was_called(run: Outcome) -> None:
    assert run.heard == []
    assert "no way out" in message(run, "calls_out")


def test_nothing_outside_was_changed(run: Outcome) -> None:
    assert not Path("/tmp/canary-was-here").exists()
    assert "nothing written" in message(run, "writes_to_the_installation")
    if platform.machine() in ("x86_64", "aarch64"):
        assert message(run, "climbs_out").startswith("allowed: [],")
        assert "not permitted" in message(run, "mounts_memory")
    assert message(run, "hard_links_out") == "[]"
    assert (run.place / "home" / "canary.txt").read_text() == f"canary-{run.secret}"


def test_suites_and_solutions_are_not_there(run: Outcome) -> None:
    assert message(run, "reads_suite").startswith("found []")
    assert message(run, "reads_solutions") == "nothing found"


def test_what_it_says_of_them_harms_no_terminal(run: Outcome) -> None:
    assert not set(run.reports) & {"\x1b", "\x00", "\u202e"}
