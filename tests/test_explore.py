"""``grade lab``: opened as a person opens it, used by browser, prompt and client, and taken down."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.lab import sandbox
from tests.browser import MOST_MS, chromium

pytestmark = pytest.mark.lab

GRADE = [sys.executable, "-m", "grader", "lab"]
ROOT = str(Path(__file__).parents[1])
MOST_SECONDS = 120


@dataclass
class Opened:
    """A lab that a process of its own keeps open, and what it printed until it was."""

    process: subprocess.Popen[str]
    said: str
    labs: Path
    """The folder that labs lie in."""

    def way(self, name: str) -> str:
        """One of the ways in that were printed."""
        found = re.search(rf"^  {re.escape(name)} +(\S+)", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def interrupt(self) -> str:
        """Press Ctrl-C; what was said then."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=MOST_SECONDS)
        return errors


@contextlib.contextmanager
def opened(tmp_path: Path, *arguments: str) -> Iterator[Opened]:
    # A short name: sockets lie in there.
    with tempfile.TemporaryDirectory(prefix="g") as labs:
        environment = {**os.environ, "PYTHONPATH": ROOT, "TMPDIR": labs, "NO_COLOR": "1"}
        process = subprocess.Popen(
            [*GRADE, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        try:
            said = ""
            assert process.stdout is not None
            for line in process.stdout:
                said += line
                if line.startswith("Ctrl-C"):
                    break
            yield Opened(process, said, Path(labs))
            assert not list(Path(labs).glob("lab-*"))
        finally:
            process.kill()
            process.communicate()


CELL = """
import mlflow
mlflow.set_tracking_uri("databricks")
with mlflow.start_run(run_name="from the notebook"):
    mlflow.log_metric("rows", spark.range(7).count())
print("done", "with it")
"""


def port(address: str) -> int:
    return int(re.findall(r":(\d+)", address)[-1])


def listens(number: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", number)) == 0


def isolations() -> list[str]:
    return ["process"] if sandbox.unavailable() else ["sandbox", "process"]


@pytest.mark.proof
def test_in_a_browser(tmp_path: Path) -> None:
    from mlflow import MlflowClient

    with chromium() as browser, opened(tmp_path, "--seed", "1") as lab:
        host, notebooks = lab.way("DATABRICKS_HOST"), lab.way("notebooks")
        page = browser.new_page()
        page.set_default_timeout(MOST_MS)
        page.goto(notebooks)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.get_by_role("button", name="Lab | Idle").wait_for()
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(CELL)
        page.keyboard.press("Shift+Enter")
        page.get_by_text("done with it").last.wait_for()
        page.keyboard.press("Control+s")

        with pytest.MonkeyPatch.context() as patch:  # a client of this machine, outside of the lab
            patch.setenv("MLFLOW_TRACKING_TOKEN", lab.way("DATABRICKS_TOKEN"))
            client = MlflowClient(tracking_uri=host, registry_uri=host)
            client.create_registered_model("roast_quality")
            assert [run.data.metrics for run in client.search_runs(["0"])] == [{"rows": 7.0}]

        context = browser.new_context(http_credentials={"username": "token", "password": lab.way("DATABRICKS_TOKEN")})
        pages = context.new_page()
        pages.set_default_timeout(MOST_MS)
        pages.goto(f"{host}/#/experiments/0/runs")
        pages.get_by_text("from the notebook").first.wait_for()
        pages.goto(f"{host}/#/models")
        pages.get_by_text("roast_quality").first.wait_for()

        page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")  # saved
        said = lab.interrupt()
        assert lab.process.returncode == 0
        (notebook,) = tmp_path.glob("work/lab-*/notebook.ipynb")
        assert "from the notebook" in notebook.read_text()
        assert str(notebook.relative_to(tmp_path)) in " ".join(said.split())
        assert not listens(port(host)) and not listens(port(notebooks.split("/lab")[0]))


@pytest.mark.parametrize("isolation", isolations())
def test_at_a_prompt(tmp_path: Path, isolation: str) -> None:
    lines = """
print(spark.range(6).count(), "rows")
import os, mlflow
mlflow.set_tracking_uri("databricks")
print(mlflow.get_tracking_uri() == os.environ["DATABRICKS_HOST"], "tracking")
from databricks.sdk import WorkspaceClient
print("user", WorkspaceClient().current_user.me().user_name)
from databricks.feature_engineering import FeatureEngineeringClient
made = FeatureEngineeringClient().create_table(name="t", primary_keys=["id"], df=spark.range(3))
print("table", spark.table("t").count())
print("widget", dbutils.widgets.get("root"))
1 / 0
"""
    done = subprocess.run(
        [*GRADE, "--shell", "--seed", "1", "--isolation", isolation],
        input=lines.lstrip(),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    for told in ("6 rows", "True tracking", "user learner@example.com", "table 3", "ZeroDivisionError"):
        assert told in done.stdout + done.stderr, done
    assert ("widget /lab" in done.stdout) == (isolation == "sandbox")


@pytest.mark.proof
def test_with_an_exercises_data_and_without_a_sandbox(tmp_path: Path) -> None:
    with opened(tmp_path, "ex5", "--seed", "3", "--isolation", "process") as lab:
        assert "A lab of ex5 (seed 3) is open." in lab.said
        assert "ex5_registry.ipynb" in lab.way("notebooks")
        lab.interrupt()
        assert lab.process.returncode == 0
        assert not list(tmp_path.glob("work/lab-*"))


@pytest.mark.proof
@pytest.mark.parametrize("isolation", isolations())
def test_killed_it_leaves_nothing_running(tmp_path: Path, isolation: str) -> None:
    with opened(tmp_path, "--seed", "1", "--isolation", isolation) as lab:
        numbers = [port(lab.way("DATABRICKS_HOST")), port(lab.way("notebooks").split("/lab")[0])]
        lab.process.kill()
        lab.process.wait()
        deadline = time.monotonic() + MOST_SECONDS
        while any(map(listens, numbers)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for folder in lab.labs.glob("lab-*"):  # nobody is left to remove it
            shutil.rmtree(folder)


def test_wrong_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        for arguments, says in (
            (["ex99"], "ex99"),
            (["--shell", "--port", "8000"], "leave --port out"),
            (["--port", number], f"Port {number} can't be had"),
        ):
            done = subprocess.run(
                [*GRADE, *arguments],
                capture_output=True,
                text=True,
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": ROOT},
                timeout=MOST_SECONDS,
            )
            assert done.returncode == 2 and says in done.stderr, done.stderr
