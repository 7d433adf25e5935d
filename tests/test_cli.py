"""The command: what it prints where, and how it ends. The pipeline is a fake; no lab is raised."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import grader
from grader import cli
from grader.errors import BadInput
from grader.scoring import Scorecard
from tests import factories

ROOT = Path(__file__).parent.parent


class FakePipeline(ModuleType):
    """Stands for grader.pipeline: answers with a scorecard, or raises, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__("grader.pipeline")
        self.answer: Callable[[], Scorecard] = factories.all_passed
        self.asked: list[tuple[Path, dict[str, Any]]] = []

    def Options(self, **options: Any) -> dict[str, Any]:
        return options

    def grade(self, exercise: Any, path: Path, options: dict[str, Any], notify: Callable[[str], None]) -> Scorecard:
        self.asked.append((path, options))
        notify("raising the lab")
        notify("cell 3 of 9: \x1b[31mAppend")
        return self.answer()

    def fails(self, error: BaseException) -> None:
        def answer() -> Scorecard:
            raise error

        self.answer = answer


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    fake = FakePipeline()
    monkeypatch.setitem(sys.modules, "grader.pipeline", fake)
    monkeypatch.setattr(grader, "pipeline", fake, raising=False)
    return fake


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, logs beside it, a terminal of 80 columns."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("GRADER_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("GRADE_COMMAND", raising=False)
    return here


def logs(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted((folder.parent / "logs").glob("*.log"))]


# Exit statuses


@pytest.mark.parametrize(("sample", "status"), [("all_passed", 0), ("mixed", 1), ("starter", 1)])
def test_status_of_what_was_graded(sample: str, status: int, pipeline: FakePipeline) -> None:
    pipeline.answer = factories.SAMPLES[sample]
    assert cli.run(["ex1", "mine.py"]) == status


def test_bad_input_is_one_sentence(pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.fails(BadInput("There is no file \x1b[31mmine.py."))
    assert cli.run(["ex1", "mine.py"]) == 2
    assert capsys.readouterr().err == "error: There is no file mine.py.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ex1", "--sed", "3"], "--seed"),
        (["ex1", "--seed", "x"], "--seed"),
        (["ex1", "--seed", "-1"], "--seed"),
        (["ex1", "--isolation", "none"], "sandbox"),
        (["ex1", "a.py", "b.py"], "b.py"),
        (["ex9", "a.py"], "There are: ex1, "),
        (["show", "ex9"], "There are: ex1, "),
        (["ex1_dleta", "a.py"], "Did you mean ex1_delta?"),
        (["lst"], "Did you mean list?"),
        (["--seed", "3"], "EXERCISE"),
        (["ex1", "--json", "missing/card.json"], "Can't write missing/card.json"),
        (["ex1", "a.py", "--json", "a.py"], "a file of its own"),
        (["ex1", "a.py", "--json", "x", "--junit", "./x"], "a file of its own"),
        (["hint", "ex1"], "Run grade ex1 first"),
        (["hint", "ex1", "creat.rows"], "Did you mean create.rows"),
    ],
)
def test_wrong_use(
    arguments: list[str], words: str, pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ") or told.err.startswith("Made work")
    assert words in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert pipeline.asked == []


def test_a_failure_of_ours_is_logged(pipeline: FakePipeline, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.fails(RuntimeError("the roof fell in"))
    assert cli.run(["ex1", "mine.py", "--json", "card.json"]) == 3
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    assert str(folder.parent / "logs") in told.err
    assert "RuntimeError: the roof fell in" in logs(folder)[0]
    assert list(folder.iterdir()) == []

    assert cli.run(["ex1", "mine.py", "--verbose"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_log_folder_that_cannot_be_written_is_replaced(
    pipeline: FakePipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADER_LOG_DIR", str(tmp_path / "file"))
    pipeline.fails(RuntimeError("the roof fell in"))
    assert cli.run(["ex1", "mine.py"]) == 3
    log = Path(capsys.readouterr().err.split()[-1])
    assert "the roof fell in" in log.read_text()
    log.unlink()


def test_not_graded_still_gives_reports_and_status_3(
    pipeline: FakePipeline, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.answer = factories.ungraded
    assert cli.run(["ex1", "mine.py", "--json", "card.json", "--junit", "card.xml"]) == 3
    told = capsys.readouterr()
    assert "Not graded: the lab's Java process could not be started." in told.out.replace("\n", " ")
    assert "this is no fault of your work" in told.err
    assert '"status": "not_graded"' in logs(folder)[0]
    assert json.loads(Path("card.json").read_text())["status"] == "not_graded"
    assert Path("card.xml").exists()
    assert not Path("work").exists()  # nothing to remember


def test_interrupted(pipeline: FakePipeline, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.fails(KeyboardInterrupt())
    assert cli.run(["ex1", "mine.py", "--json", "card.json"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"
    assert list(folder.iterdir()) == []


# Grading


def test_the_working_copy_is_made_once_and_graded(pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path("work/ex1_delta.py")
    assert cli.run(["ex1"]) == 0
    assert "Made work/ex1_delta.py from the starter" in capsys.readouterr().err
    assert copy.read_text() == factories.exercise().starter.read_text()
    copy.write_text("mine")
    assert cli.run(["ex1"]) == 0
    assert capsys.readouterr().err == ""
    assert copy.read_text() == "mine"
    assert [path for path, _ in pipeline.asked] == [copy, copy]


def test_options_reach_the_pipeline(pipeline: FakePipeline) -> None:
    assert cli.run(["ex1_delta", "mine.py", "--seed", "7", "--isolation", "process"]) == 0
    assert cli.run(["--seed", "8", "ex1", "mine.py"]) == 0
    assert cli.run(["run", "ex1", "mine.py"]) == 0
    assert [options for _, options in pipeline.asked] == [
        {"seed": 7, "isolation": "process"},
        {"seed": 8, "isolation": "auto"},
        {"seed": None, "isolation": "auto"},
    ]


def test_result_on_stdout_and_nothing_else_in_a_pipe(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.answer = factories.mixed
    cli.run(["ex1", "mine.py"])
    told = capsys.readouterr()
    assert told.err == ""
    assert "\x1b" not in told.out
    assert "of 45  Total" in told.out
    cli.run(["ex1", "mine.py", "--verbose", "--timings"])
    told = capsys.readouterr()
    assert told.err.splitlines() == ["raising the lab", "cell 3 of 9: Append"]
    assert "5.25  lab" in told.out


@pytest.mark.parametrize("how", ["--no-color", "NO_COLOR"])
def test_no_color_means_no_escape_sequence(
    how: str, pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert cli.run(["ex1", "mine.py"]) == 0
    assert "\x1b[" in capsys.readouterr().out
    if how == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    assert cli.run(["ex1", "mine.py", *([how] if how.startswith("--") else [])]) == 0
    assert "\x1b[" not in capsys.readouterr().out


def test_the_launcher_is_named_in_what_to_type(
    pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADE_COMMAND", "./grade")
    pipeline.answer = factories.mixed
    cli.run(["ex1", "mine.py"])
    assert "./grade hint ex1 create.append" in capsys.readouterr().out
    assert cli.run(["--help"]) == 0
    assert "Usage: ./grade" in capsys.readouterr().out


# The other verbs


def test_nothing_to_do_gives_an_overview(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([]) == 0
    assert "grade hint ex1" in capsys.readouterr().out
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"lab-grader {grader.__version__}\n"
    assert cli.run(["ex1", "--help"]) == 0
    assert "--junit" in capsys.readouterr().out


def test_list_remembers_the_best_score(pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list"]) == 0
    assert "Not graded here yet: grade ex1" in capsys.readouterr().out
    for sample in ("mixed", "starter"):
        pipeline.answer = factories.SAMPLES[sample]
        cli.run(["ex1", "mine.py"])
    capsys.readouterr()
    assert cli.run(["list"]) == 0
    assert f"Your best score here: {factories.mixed().score} of 45" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"format_version": 1, "exercises": {"ex1": 3}}'])
def test_a_spoilt_memory_is_forgotten(content: str, pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    memory = Path("work/.grade.json")
    memory.parent.mkdir()
    memory.write_text(content)
    assert cli.run(["list"]) == 0
    assert "Not graded here yet" in capsys.readouterr().out
    assert cli.run(["ex1", "mine.py"]) == 0
    assert json.loads(memory.read_text())["exercises"]["ex1"]["best"] == 45


UNREADABLE = {
    "best": '{"format_version": 1, "exercises": {"ex1": {"best": 1e400, "max_score": 45, "last": {}, "hints": {}}}}',
    "hint": '{"format_version": 1, "exercises": {"ex1": {"best": 1, "max_score": 1, "last": {}, "hints": {"x": 1e400}}}'
    "}",
    "deep": "[" * 1_000_000,
    "large": " " * (100 << 20),
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_memory_of_any_content_is_forgotten(
    content: str, pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    test_a_spoilt_memory_is_forgotten(content, pipeline, capsys)


@pytest.mark.parametrize("kind", ["pipe", "folder", "/dev/zero", "/dev/full", "loop", "pipe through a link"])
def test_a_memory_that_is_no_file_is_left_alone(
    kind: str, pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = Path("work/.grade.json")
    memory.parent.mkdir()
    if kind == "folder":
        memory.mkdir()
    elif kind == "pipe":
        os.mkfifo(memory)
    elif kind == "pipe through a link":
        os.mkfifo("pipe")
        memory.symlink_to("../pipe")
    else:
        memory.symlink_to(".grade.json" if kind == "loop" else kind)
    mode = memory.lstat().st_mode
    assert cli.run(["list"]) == 0
    assert "Not graded here yet" in capsys.readouterr().out
    assert cli.run(["ex1", "mine.py"]) == 0
    assert cli.run(["hint", "ex1", "create.rows"]) == 0
    assert memory.lstat().st_mode == mode


def test_a_memory_behind_a_link_is_kept_there(pipeline: FakePipeline) -> None:
    Path("work").mkdir()
    Path("work/.grade.json").symlink_to("../elsewhere.json")
    assert cli.run(["ex1", "mine.py"]) == 0
    assert Path("work/.grade.json").is_symlink()
    assert json.loads(Path("elsewhere.json").read_text())["exercises"]["ex1"]["best"] == 45


def test_a_memory_that_cannot_be_written_costs_nothing(pipeline: FakePipeline) -> None:
    Path("work").write_text("a file in the folder's place")
    assert cli.run(["ex1", "mine.py"]) == 0


def test_hints_come_in_steps(pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.answer = factories.mixed
    cli.run(["ex1", "mine.py"])
    check = factories.exercise().check("create.append")
    capsys.readouterr()
    for step in (1, 2, 3, 1):
        assert cli.run(["hint", "ex1"]) == 0  # create.append is the first that did not pass
        told = " ".join(capsys.readouterr().out.split())
        assert check.hints[step - 1] in told
        assert f"Hint {step} of 3" in told
        assert "Version 1 overwrote the table" in told
        assert all(other not in told for other in check.hints if other != check.hints[step - 1])
    assert cli.run(["hint", "ex1", "create.read"]) == 0
    assert "It passed the last time." in capsys.readouterr().out
    pipeline.answer = factories.all_passed
    cli.run(["ex1", "mine.py"])
    capsys.readouterr()
    assert cli.run(["hint", "ex1"]) == 0
    assert "no hint is needed" in capsys.readouterr().out


def test_an_output_without_room_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "grader", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no room left") and len(done.stderr.splitlines()) == 1


def test_a_deleted_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = tmp_path / "gone"
    here.mkdir()
    os.chdir(here)
    here.rmdir()
    try:
        assert cli.run(["list"]) == 2
    finally:
        os.chdir(tmp_path)
    assert "The current folder has been deleted" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["ex1", "mine.py"], ["class", ".", "--exercise", "ex1", "--jobs", "1", "--isolation", "process"]]
)
def test_a_disk_without_room_for_a_lab_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """A lab that fills the disk would spoil the labs beside it."""
    Path("mine.py").write_text("x = 1\n")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=300 << 20))
    assert cli.run(command) == 2
    told = capsys.readouterr().err
    assert "300 MB free" in told and "640 MB" in told and "TMPDIR" in told


def test_reset_keeps_the_old_work(capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path("work/ex1_delta.py")
    assert cli.run(["reset", "ex1"]) == 0
    for text in ("first", "second"):  # within one second, too
        copy.write_text(text)
        assert cli.run(["reset", "ex1"]) == 0
    told = capsys.readouterr().out
    kept = sorted(path for path in copy.parent.glob("*.py") if path != copy)
    assert {path.read_text() for path in kept} == {"first", "second"}
    assert all(str(path) in told for path in kept)
    assert copy.read_text() == factories.exercise().starter.read_text()


def test_show_gives_the_brief_itself_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["show", "ex1"]) == 0
    assert capsys.readouterr().out == factories.exercise().brief.read_text()


# As a process of its own


def process(*arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    how.setdefault("env", os.environ | {"PYTHONPATH": str(ROOT)})
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **how)


@pytest.mark.parametrize("arguments", [["list"], ["--help"], []])
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom grader import cli\n"
        f"assert cli.run({arguments!r}) == 0\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = process("-c", script)
    assert done.returncode == 0, done.stderr
    heavy = {
        "pyspark",
        "mlflow",
        "pandas",
        "numpy",
        "pytest",
        "nbclient",
        "nbformat",
        "deltalake",
        "pyarrow",
        "rich",
    }
    assert not heavy & set(done.stderr.split())


@pytest.mark.parametrize("ending", ["| true", ">&-", "2>&-", "2>&1 | true"])
def test_a_reader_that_is_not_there_is_no_matter(ending: str) -> None:
    shell = f"{sys.executable} -m grader show ex1 {ending}"
    done = process("-c", f"import subprocess; subprocess.run({shell!r}, shell=True)")
    assert done.stderr == ""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_from_outside(how: signal.Signals, folder: Path) -> None:
    script = (
        "import signal, sys, time, types, grader\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # nohup ignores it, and so would the script
        "def grade(exercise, path, options, notify):\n"
        "    notify('raising the lab')\n"
        "    time.sleep(60)\n"
        "grader.pipeline = sys.modules['grader.pipeline'] = types.ModuleType('grader.pipeline')\n"
        "grader.pipeline.grade, grader.pipeline.Options = grade, dict\n"
        "sys.argv[1:] = ['ex1', 'mine.py', '--verbose', '--json', 'card.json']\n"
        "from grader import cli\n"
        "cli.main()"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, env=env) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "raising the lab\n"
        running.send_signal(how)
        assert running.stderr.read() == "Interrupted.\n"
        assert running.wait(10) == 130
    assert list(folder.iterdir()) == []


def test_an_encoding_without_our_signs_is_survived() -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    assert process("-m", "grader", "list", env=env).returncode == 0


def test_completion_knows_the_exercises() -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT), "_GRADE_COMPLETE": "complete_bash"}
    for line, word, expected in [
        ("grade ", 1, "ex1"),
        ("grade ", 1, "list"),
        ("grade show ", 2, "ex1"),
        ("grade hint ex1 cre", 3, "create.rows"),
        ("grade ex1 --js", 2, "--json"),
    ]:
        done = process("-m", "grader", env=env | {"COMP_WORDS": line, "COMP_CWORD": str(word)})
        assert expected in done.stdout.split(), (line, done.stdout, done.stderr)
