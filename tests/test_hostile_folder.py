"""No process of ours takes a module from the folder that the user, or the notebook, stands in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.lab import sandbox
from tests import hostile_folder
from tests.hostile_folder import HostileFolder
from tests.test_house import AUTOMATION, STEP, folder, raised, results, rows

pytestmark = pytest.mark.lab

__all__ = ["folder"]  # a fixture

ROOT = Path(__file__).resolve().parents[1]
CELLS = "# %% some work\nx = 1\n"
MOST_SECONDS = 300


@pytest.fixture
def hostile(tmp_path: Path) -> HostileFolder:
    return hostile_folder.lay(tmp_path / "folder", tmp_path / "mark")


@pytest.fixture
def labs() -> Iterator[str]:
    """A folder for labs, whose sockets need a short path."""
    with tempfile.TemporaryDirectory(prefix="g") as folder:
        yield folder


def typed(hostile: HostileFolder, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a command typed in the folder; PYTHONPATH leads there too, as an empty entry in it does."""
    return subprocess.run(
        command,
        cwd=hostile.folder,
        env={**os.environ, "PYTHONPATH": ":", "NO_COLOR": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
    )


def test_the_folder_would_be_imported(tmp_path: Path) -> None:
    hostile = hostile_folder.lay(tmp_path / "folder", tmp_path / "mark", only=("tabnanny", "pytest"))
    typed(hostile, sys.executable, "-c", "import tabnanny, pytest")
    assert hostile.imported == ["pytest", "tabnanny"]


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "ex1"], ["hint", "ex1", "create.rows"], ["doctor"], ["--help"]]
)
def test_a_command(hostile: HostileFolder, arguments: list[str]) -> None:
    done = typed(hostile, ROOT / "grade", *arguments)
    assert done.returncode in (0, 1), done.stderr
    assert hostile.imported == []


def test_setting_up(hostile: HostileFolder, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("grade", "pyproject.toml", "requirements.txt"):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    (checkout / "grade").chmod(0o755)
    done = typed(hostile, checkout / "grade", "list", GRADE_PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 2 and "could not be installed" in done.stderr
    assert hostile.imported == []


def test_every_start_goes_through_a_door() -> None:
    """One of the two modules ``interpreter`` makes each command that starts Python."""
    doors = {"grader/interpreter.py", "grader/lab/inside/lab_guest/interpreter.py"}
    naming = re.compile(r'"PYSPARK_PYTHON": sys\.executable|Path\(sys\.executable\)')  # no start
    found = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "grader").rglob("*.py")
        for line in file.read_text().splitlines()
        if "sys.executable" in naming.sub("", line)
    }
    assert found == doors


@pytest.mark.proof
@pytest.mark.parametrize("isolation", ["process", *([] if sandbox.unavailable() else ["sandbox"])])
def test_grading(hostile: HostileFolder, labs: str, tmp_path: Path, isolation: str) -> None:
    (hostile.folder / "pytest.py").write_text(CELLS)
    command = (ROOT / "grade", "ex5", "pytest.py", "--seed", "1", "--isolation", isolation)
    done = typed(hostile, *command, TMPDIR=labs, GRADER_CACHE_DIR=str(tmp_path / "cache"), PYTEST_ADDOPTS="-p none")
    assert done.returncode == 1, done.stderr
    assert re.search(r"^ +0 of +45 +Total$", done.stdout, re.MULTILINE)
    assert hostile.imported == []


@pytest.mark.parametrize("grade", [ROOT / "grade", Path(sys.executable).with_name("grade")], ids=["launcher", "script"])
def test_a_class_and_its_workers(hostile: HostileFolder, labs: str, grade: Path) -> None:
    if why := sandbox.unavailable():
        pytest.skip(why)
    for name in ("token", "random"):
        (hostile.folder / f"{name}.py").write_text(CELLS + (hostile.folder / f"{name}.py").read_text())
    work = hostile.folder / "submissions"
    work.mkdir()
    for name in ("ann", "pytest"):
        (work / f"{name}.py").write_text(CELLS)
    command = (grade, "class", "submissions", "--exercise", "ex5", "--seed", "1", "--jobs", "2")
    done = typed(hostile, *command, TMPDIR=labs, PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    listed = typed(hostile, ROOT / "grade", "gradebook", "list")
    assert re.findall(r"^(\w+) +0\b", listed.stdout, re.MULTILINE) == ["ann", "pytest"]
    assert hostile.imported == []


@pytest.mark.proof
def test_proving_a_suite(hostile: HostileFolder, labs: str) -> None:
    wrong = hostile.folder / "solutions" / "wrong"
    wrong.mkdir(parents=True)
    (wrong / "idle.py").write_text(f"# fails: register.first\n{CELLS}")
    command = (ROOT / "grade", "verify", "ex5", "--seed", "1", "--solutions", "solutions", "--jobs", "1")
    done = typed(hostile, *command, TMPDIR=labs)
    assert done.returncode == 1, done.stderr  # It fails much more.
    assert hostile.imported == []


@pytest.mark.proof
def test_a_lab_to_explore(hostile: HostileFolder, labs: str) -> None:
    done = typed(hostile, ROOT / "grade", "lab", "--shell", "--seed", "1", TMPDIR=labs)
    assert done.returncode == 0, done.stderr
    assert hostile.imported == []


LAYS = """
# %% lays modules
from pathlib import Path
text = '''
import os
with open({mark!r}, "a") as file:
    file.write(f"{{__name__}} {{os.getpid()}}\\\\n")
'''.format(mark=str(Path("mark").absolute()))
for name in ("lab_guest", "lab_workspace", "lab_features", "uvicorn", "fastapi", "nbclient", "sitecustomize", "token"):
    Path(f"{name}.py").write_text(text)
Path("own.pid").write_text(str(os.getpid()))

# %% lets the server start anew
import psutil
(server,) = [p for p in psutil.Process(os.getppid()).children() if p.pid != os.getpid()]
server.kill()
server.wait()
session.close()

# %% runs a job, a script and a notebook
import time
Path("helper.py").write_text("TOLD = 'from beside it'")
Path("task.py").write_text("# Databricks notebook source\\nimport helper\\ndbutils.notebook.exit(helper.TOLD)")
Path("script.py").write_text("import helper\\nprint(helper.TOLD)")
tasks = [
    {"task_key": "notebook", "notebook_task": {"notebook_path": f"{os.getcwd()}/task"}},
    {"task_key": "script", "spark_python_task": {"python_file": f"{os.getcwd()}/script.py"}},
]
made = session.post(host + "/api/2.2/jobs/runs/submit", json={"run_name": "both", "tasks": tasks})
assert made.ok, made.text
while True:
    run = session.get(host + "/api/2.2/jobs/runs/get", params=made.json()).json()
    if run["state"]["life_cycle_state"] in ("TERMINATED", "INTERNAL_ERROR"):
        break
    time.sleep(0.1)
import helper
found = [run["state"]["result_state"], dbutils.notebook.run("task", 60), helper.TOLD]
"""


@pytest.mark.proof
@pytest.mark.parametrize("isolation", ["process", *([] if sandbox.unavailable() else ["sandbox"])])
def test_the_labs_own_processes(folder: Path, monkeypatch: pytest.MonkeyPatch, isolation: Any) -> None:
    """None but the notebook takes a module from its folder, and work that lies beside a notebook is found there."""
    record = raised(folder, monkeypatch, AUTOMATION + LAYS, STEP, isolation=isolation)
    assert [cell.outcome for cell in record.cells] == ["ok"] * 4, record.cells
    assert results(folder)["found"]["value"] == ["SUCCESS", "from beside it", "from beside it"]
    root = folder / "lab" / "root"
    mark = root / "mark"
    lines = [line.split() for line in mark.read_text().splitlines()] if mark.exists() else []
    assert [name for name, process in lines if process != (root / "own.pid").read_text()] == []
    assert rows(folder, "mlflow.db", "SELECT current_stage FROM model_versions") == [("Staging",)]
