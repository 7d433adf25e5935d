"""Whatever a lab sends to the grader, the grading process takes little more memory than for honest work.

Each submission is graded in a process of its own, whose peak is that of its memory (VmHWM in /proc/self/status).
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader import catalog, solutions
from tests.conftest import FAULTS

pytestmark = [pytest.mark.lab, pytest.mark.proof, pytest.mark.usefixtures("sandboxed")]

MORE_MB = 200
"""How much more than for honest work it may be."""
GRADE = """
import json, sys
from pathlib import Path
from grader import catalog, pipeline
card = pipeline.grade(catalog.find("ex5"), Path(sys.argv[1]), pipeline.Options(seed=1))
(peak,) = (line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({"peak_mb": int(peak) >> 10, "card": card.as_json()}))
"""
FLOOD = (FAULTS / "hostile" / "floods_every_channel.py").read_text()
BEGIN = "flood_all()\ntime.sleep(30)\n"
LATER = "threading.Timer(1, flood_all).start()\n\n# %% next\ntime.sleep(30)\n"
WHILE_READ = """
class DataFrame:
    @property
    def dtypes(self):
        flood_all()
        time.sleep(30)


DataFrame.__module__ = "pandas"
by_version = DataFrame()
"""
BOMBS = FLOOD.replace(
    BEGIN,
    """
def bombs():
    deep = b"[" * 900 + b"]" * 900
    for kind in ("status", "error"):
        for many in ([deep] * 2_000, [b"[]"] * 1_000_000, [b"999"] * 900_000, [b'"ab"'] * 700_000):
            yield kind, b'{"ename": [' + b",".join(many) + b"]}"
        yield kind, b'{"evalue": "' + b"x" * 4_000_000 + '\\U0001f600"}'.encode()


about = json.dumps(app.kernel.get_parent()["header"], default=str).encode()
for kind, content in bombs():
    parts = [json.dumps(session.msg_header(kind), default=str).encode(), about, b"{}", content]
    app.iopub_thread.io_loop.add_callback(app.iopub_thread.socket.send_multipart, [DELIM, session.sign(parts), *parts])
    time.sleep(0.2)
""",
)
FRAMES = FLOOD.replace(
    BEGIN,
    """
empty = [b""] * 3_000_000
app.iopub_thread.io_loop.add_callback(app.iopub_thread.socket.send_multipart, [*message(), *empty])
time.sleep(30)
""",
)


@dataclass(frozen=True)
class Done:
    """A graded submission: its card, and the most memory that the grading process took, in MB."""

    peak_mb: int
    card: dict[str, Any]


def graded(work: Path) -> Done:
    command = [sys.executable, "-c", GRADE, str(work)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=300)
    assert done.returncode == 0, done.stderr
    return Done(**json.loads(done.stdout))


@pytest.fixture(scope="module")
def honest_mb() -> int:
    exercise = catalog.find("ex5")
    return graded(solutions.default_folder(exercise) / "accepted" / "client_api.py").peak_mb


@pytest.mark.parametrize(
    ("work", "outcome", "said"),
    [
        (FLOOD, "output", "the notebook sent more than 64 MB of messages while the cell ran"),
        (FLOOD.replace(BEGIN, LATER), "output", "the notebook sent more than 64 MB of messages while the cell ran"),
        (
            FLOOD.replace(BEGIN, WHILE_READ),
            "output",
            "the notebook sent more than 64 MB of messages while its results were read",
        ),
        (FRAMES, "output", "the notebook sent more than 64 MB of messages while the cell ran"),
        (BOMBS, "error", ""),
    ],
    ids=["while a cell runs", "set going by an earlier cell", "while results are read", "endless frames", "bombs"],
)
def test_a_flood_is_a_limit_that_was_met(tmp_path: Path, honest_mb: int, work: str, outcome: str, said: str) -> None:
    path = tmp_path / "ex5.py"
    path.write_text(work)
    done = graded(path)
    assert (done.card["status"], done.card["score"]) == ("graded", 0), done.card["reason"]
    last = done.card["cells"][-1]
    assert last["outcome"] == outcome
    assert last["error"]["message"].startswith(said)
    assert done.peak_mb <= honest_mb + MORE_MB
