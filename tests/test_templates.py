"""The store and the fonts that each lab gets a copy of: made once, and whole or not at all; a failure is one sentence.

Most tests have a quick program stand for Python, so that only one makes MLflow's store.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.errors import BadInput
from grader.runtime import cache, templates

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable
PROVIDE = """
import sys
from grader.runtime import templates
sys.executable = sys.argv[1]
print(templates.provide(lambda line: None))
"""

WITHOUT_PACKAGES = f"""
import sys
sys.path.append("{ROOT}")
from pathlib import Path
from grader.runtime import templates
templates.make(Path(sys.argv[1]))
"""


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache's folder of templates."""
    monkeypatch.setenv("GRADER_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "templates"


Program = Callable[[str], Path]


@pytest.fixture
def python(cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a shell script in the place of Python. It is given ``-I -m``, a module and the folder to fill, as ``$4``."""

    def replace(script: str) -> Path:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return path

    return replace


MAKES = f'echo made >> "$GRADER_CACHE_DIR/count"; touch "$4/{templates.STORE}"'


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def times_made(cached: Path) -> int:
    count = cached.parent / "count"
    return len(count.read_text().split()) if count.exists() else 0


def provide(notes: list[str] | None = None) -> Path:
    return templates.provide((notes if notes is not None else []).append)


# The real thing


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """Templates made in an empty cache, and what was said meanwhile. Settings of the user's own are no hindrance."""
    notes: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE_DIR", str(tmp_path_factory.mktemp("made")))
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            patch.setenv(name, "http://127.0.0.1:1")
        yield provide(notes), notes


def test_they_are_made_once(made: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    path, notes = made
    assert len(notes) == 1 and "once" in notes[0]
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    again: list[str] = []
    assert provide(again) == path and not again
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before
    assert names(path.parent) == [path.name]


def test_the_template_is_a_store_without_runs_and_a_list_of_fonts(made: tuple[Path, list[str]]) -> None:
    path, _ = made
    assert names(path) == sorted([templates.FONTS, templates.STORE]), "and no folder of artifacts, no journal"
    with contextlib.closing(sqlite3.connect(path / templates.STORE)) as store:
        assert store.execute("SELECT experiment_id, name FROM experiments").fetchall() == [(0, "Default")]
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for table in ("runs", "registered_models", templates.JOURNAL):
            assert store.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    (fonts,) = (path / templates.FONTS).glob("fontlist-*.json")
    assert json.loads(fonts.read_text())["ttflist"]


def test_the_template_keeps_a_journal_of_each_kind_of_change(made: tuple[Path, list[str]], tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes((made[0] / templates.STORE).read_bytes())
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as store:
        triggers = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        assert triggers >= {f"journal_{name}" for name in templates._TRIGGERS}
        for statement in (
            "INSERT INTO registered_models (name) VALUES ('m')",
            "INSERT INTO model_versions (name, version, current_stage) VALUES ('m', 1, 'None'), ('m', 2, 'None')",
            "UPDATE model_versions SET current_stage = 'Staging' WHERE version = 1",
            "UPDATE model_versions SET current_stage = 'Staging', description = 'same' WHERE version = 1",
            "UPDATE model_versions SET description = 'other'",
            "INSERT INTO registered_model_aliases (name, alias, version) VALUES ('m', 'a', 1)",
            "UPDATE registered_model_aliases SET version = 2",
            "DELETE FROM registered_model_aliases",
            "INSERT INTO model_version_tags (name, version, key, value) VALUES ('m', 1, 'k', 'v')",
            "UPDATE model_version_tags SET value = 'w'",
            "UPDATE registered_models SET description = 'other'",
            "UPDATE registered_models SET name = 'n'",
            "DELETE FROM registered_models",
        ):
            store.execute(statement)
        columns = "what, name, version, old, new, key"
        found = store.execute(f"SELECT {columns} FROM {templates.JOURNAL} ORDER BY id").fetchall()
        assert found == [
            ("model", "m", None, None, None, None),
            ("version", "m", 1, None, "None", None),
            ("version", "m", 2, None, "None", None),
            ("stage", "m", 1, "None", "Staging", None),
            ("alias", "m", 1, None, "a", None),
            ("alias", "m", 2, "1", "a", None),
            ("alias", "m", None, "2", "a", None),
            ("tag", "m", 1, None, "v", "k"),
            ("tag", "m", 1, "v", "w", "k"),
            ("renamed", "n", None, "m", "n", None),
            ("gone", "n", None, None, None, None),
        ]


# How they are provided


def test_what_is_there_is_not_made_again(python: Program, cached: Path) -> None:
    python(MAKES)
    path = provide()
    assert provide() == path and times_made(cached) == 1
    assert names(path) == [templates.STORE] and names(cached) == [path.name]


def test_older_ones_of_this_environment_are_removed(python: Program, cached: Path) -> None:
    python(MAKES)
    place, _, content = templates._key().partition("-")
    for name in (f"{place}-older", f"other-{content}"):
        (cached / name / templates.FONTS).mkdir(parents=True)
    assert names(cached) == sorted([f"{place}-older", f"other-{content}"])
    path = provide()
    assert names(cached) == sorted([path.name, f"other-{content}"])


def test_who_waited_for_another_takes_what_that_one_made(python: Program, cached: Path) -> None:
    python("exit 1")
    notes: list[str] = []
    found: list[Path] = []
    waiting = threading.Event()

    def notify(line: str) -> None:
        notes.append(line)
        waiting.set()

    with cache.lock("templates", notes.append):
        other = threading.Thread(target=lambda: found.append(templates.provide(notify)))
        other.start()
        assert waiting.wait(60)
        (cached / templates._key()).mkdir(parents=True)
    other.join(60)
    assert found == [cached / templates._key()]
    assert len(notes) == 1 and notes[0].startswith("Waiting for another grade")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo first >&2; echo 'OSError: last words.' >&2; exit 1", "OSError: last words."),
        ("exit 3", "without a word"),
        ("kill -9 $$", "without a word"),
        ("printf 'OSError: \\377' >&2; exit 1", "OSError"),
        (f"exec {sys.executable} -S -c '{WITHOUT_PACKAGES}' \"$4\"", "No module named 'mlflow'"),
    ],
    ids=["error", "silent", "killed", "bytes", "module missing"],
)
def test_what_fails_is_told_in_a_line_and_leaves_nothing(python: Program, cached: Path, script: str, said: str) -> None:
    python(f'touch "$4/half"; {script}')
    with pytest.raises(BadInput) as raised:
        provide()
    message = str(raised.value)
    assert said in message and "\n" not in message and message.endswith(".") and ".." not in message
    assert names(cached) == []
    python(MAKES)
    assert names(provide()) == [templates.STORE]


@pytest.mark.parametrize("program", ["/nonexistent/python", "/etc/passwd"])
def test_a_python_that_does_not_start_is_told_in_a_line(
    cached: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(BadInput) as raised:
        provide()
    assert program in str(raised.value) and "\n" not in str(raised.value)
    assert names(cached) == []


def test_what_takes_for_ever_is_told_in_a_line(python: Program, cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "MAKING_SECONDS", 0.5)
    python('touch "$4/half"; exec sleep 600')
    with pytest.raises(BadInput, match="timed out"):
        provide()
    assert names(cached) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_what_is_broken_off_is_never_taken_for_whole(python: Program, cached: Path, number: int) -> None:
    half = python('touch "$4/half"; exec sleep 600')
    broken_off = subprocess.Popen(
        [PYTHON, "-c", PROVIDE, str(half)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list(cached.glob("*/made/half")):
        assert broken_off.poll() is None, "it ended before it was broken off"
        time.sleep(0.02)
    os.killpg(broken_off.pid, number)
    assert broken_off.wait(60) != 0
    assert not (cached / templates._key()).exists()
    if number == signal.SIGINT:
        assert names(cached) == []
    python(MAKES)
    assert names(provide()) == [templates.STORE], "whoever comes next is not locked out"
