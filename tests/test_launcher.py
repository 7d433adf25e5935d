"""The launcher, tried with a Python that only pretends to make environments and to install."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

ROOT = Path(__file__).resolve().parents[1]

STUB = f"""#!/bin/sh
case "$*" in
"-I -m venv "*)
    echo venv >>"$CALLS"
    [ -z "${{VENV_FAILS:-}}" ] || exit 1
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-I -m pip install "*)
    echo "pip $*" >>"$CALLS"
    echo "Collecting something"
    sleep "${{PIP_SECONDS:-0}}"
    [ -z "${{PIP_FAILS:-}}" ] || {{ echo "$PIP_FAILS"; exit 1; }} ;;
"-I -m grader.runtime") echo "a jar"; echo "no network" >&2; exit 2 ;;
"-I -m grader "*) shift 3; echo "ran $*"; exit 7 ;;
*) exec {sys.executable} "$@" ;;
esac
"""


class Checkout:
    """A folder with the launcher and what it reads."""

    def __init__(self, path: Path, tools: Path) -> None:
        self.path = path
        self.path.mkdir()
        shutil.copy(ROOT / "grade", path / "grade")
        for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            (path / name).write_text(f"{name}\n")
        self.python = tools / "stub-python"
        self.python.write_text(STUB)
        self.python.chmod(0o755)
        self.record = tools / "calls"
        self.environment = {"PATH": os.environ["PATH"], "GRADE_PYTHON": str(self.python), "CALLS": str(self.record)}

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.path / "grade"), *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def calls(self) -> list[str]:
        """What was asked of the stub since the last look: venv, pip."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        self.record.unlink(missing_ok=True)
        return [line.split()[0] for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    tools = tmp_path / "tools"
    tools.mkdir()
    return Checkout(tmp_path / "a checkout", tools)


def test_the_first_use_sets_up_and_later_ones_do_not(checkout: Checkout) -> None:
    status, out, err = checkout.run("ex1", "my file.py")
    assert (status, out) == (7, "ran ex1 my file.py\n"), err
    assert "a jar" in err and "no network" not in err, "what fails there, the command says better"
    assert checkout.calls() == ["venv", "pip", "pip"]
    assert checkout.run("list") == (7, "ran list\n", "")
    assert checkout.calls() == []


def test_through_a_link_and_from_elsewhere(checkout: Checkout, tmp_path: Path) -> None:
    link = tmp_path / "grade-link"
    link.symlink_to(checkout.path / "grade")
    done = subprocess.run([link, "x"], env=checkout.environment, cwd="/", capture_output=True, text=True)
    assert done.stdout == "ran x\n", done.stderr


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_lock_brings_the_environment_up_to_date(checkout: Checkout, name: str) -> None:
    checkout.run()
    checkout.calls()
    (checkout.path / name).write_text("new\n")
    checkout.run()
    assert checkout.calls() == ["pip", "pip"]
    checkout.run()
    assert checkout.calls() == []


def test_a_moved_checkout_is_set_up_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.run()
    checkout.calls()
    checkout.path = checkout.path.rename(tmp_path / "moved")
    assert checkout.run("x")[1] == "ran x\n"
    assert checkout.calls() == ["venv", "pip", "pip"]


def test_development_stays_development(checkout: Checkout) -> None:
    checkout.run(GRADE_DEV="1")
    assert "requirements-dev.txt" in checkout.record.read_text()
    checkout.calls()
    checkout.run()
    assert checkout.calls() == []


def test_an_interrupted_set_up_starts_anew(checkout: Checkout) -> None:
    process = checkout.start(PIP_SECONDS="30")
    _until(lambda: checkout.record.exists() and "pip" in checkout.record.read_text())
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    checkout.calls()
    assert checkout.run("x")[1] == "ran x\n"
    assert checkout.calls() == ["venv", "pip", "pip"]


def test_two_first_uses_at_once_set_up_once(checkout: Checkout) -> None:
    both = [checkout.start(name, PIP_SECONDS="1") for name in ("one", "two")]
    ends = [process.communicate(timeout=60) for process in both]
    assert [out for out, _ in ends] == ["ran one\n", "ran two\n"]
    assert checkout.calls() == ["venv", "pip", "pip"]
    assert sum("Waiting for another" in err for _, err in ends) == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("NewConnectionError: name resolution", "index cannot be reached"),
        ("SSLError(SSLCertVerificationError(CERTIFICATE_VERIFY_FAILED", "PIP_CERT"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "checksum that the lock pins"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("      OSError: something odd", "pip says: OSError: something odd"),
    ],
)
def test_pips_failure_is_one_sentence_and_leaves_no_stamp(checkout: Checkout, said: str, sentence: str) -> None:
    status, out, err = checkout.run(PIP_FAILS=said)
    assert (status, out) == (2, "")
    assert sentence in err.splitlines()[-1]
    assert checkout.calls() == ["venv", "pip"]
    assert checkout.run("x")[1] == "ran x\n"


def test_without_the_venv_module(checkout: Checkout) -> None:
    status, _, err = checkout.run(VENV_FAILS="1")
    assert status == 2
    assert "python3-venv" in err.splitlines()[-1]


def test_a_python_that_does_not_fit_is_refused(checkout: Checkout) -> None:
    status, _, err = checkout.run(GRADE_PYTHON="/bin/false")
    assert (status, err) == (2, "grade: GRADE_PYTHON=/bin/false is not a Python 3.11, 3.12 or 3.13 that runs.\n")


def test_without_any_python(checkout: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink", "cat", "cmp", "head"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    (tools / "python3").write_text("#!/bin/sh\nexit 127\n")  # as a version manager's stand-in does
    (tools / "python3").chmod(0o755)
    status, _, err = checkout.run(PATH=str(tools), GRADE_PYTHON="")
    assert status == 2
    assert err.startswith("grade: Python 3.11, 3.12 or 3.13 is needed")


def _until(condition: object) -> None:
    deadline = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
