"""Names of files on the command line: those that no file can have, and those that look like something else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.classroom import gradebook
from grader.errors import BadInput
from grader.report.files import replacing
from tests import factories
from tests import gradebooks as books

IMPOSSIBLE = ["x" * 300, "x/" * 3000, "a\0b", "\ud800", "loop", "file/x"]
PLACES = {
    "submission": ["ex1", "{}.py"],
    "json": ["ex1", "mine.py", "--json", "{}"],
    "junit": ["ex1", "mine.py", "--junit", "{}"],
    "solutions": ["verify", "ex1", "--solutions", "{}"],
    "class": ["class", "{}"],
    "alike": ["alike", "{}", "--exercise", "ex1"],
    "roster": ["class", "in", "--roster", "{}"],
    "gradebook of a class": ["class", "in", "--isolation", "process", "--gradebook", "{}"],
    "gradebook": ["gradebook", "list", "--gradebook", "{}"],
    "report file": ["report", "--format", "csv", "--output", "{}"],
    "report folder": ["report", "--output", "{}"],
    "export": ["gradebook", "export", "--output", "{}"],
    "release": ["release", "{}"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a submission, a class, a gradebook, a link to itself; and labs that are not raised."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADER_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setattr("grader.lab.run", lambda *_, **__: pytest.fail("nothing is to be graded"))
    Path("mine.py").write_text("x = 1\n")
    Path("file").write_text("")
    for loop in ("loop", "loop.py"):
        Path(loop).symlink_to(loop)
    Path("in/ann").mkdir(parents=True)
    Path("in/ann/ex1.py").write_text("x = 1\n")
    with gradebook.opened("gradebook.db") as book:
        books.add(book, "ann", factories.mixed())
    return tmp_path


@pytest.mark.parametrize("name", IMPOSSIBLE, ids=["long", "deep", "NUL", "half a character", "loop", "below a file"])
@pytest.mark.parametrize("arguments", PLACES.values(), ids=PLACES)
def test_a_name_that_no_file_has_is_bad_input(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([argument.replace("{}", name) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert [line for line in error.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in error
    assert not Path("logs").exists()


# Gradebooks


LOOK_LIKE_MORE = ["a?b.db", "?mode=memory", "a#b.db", "a%20b.db", "%zz", ":memory:", "file:x.db", "file:x?mode=memory"]


@pytest.mark.parametrize("name", LOOK_LIKE_MORE)
def test_a_gradebook_is_the_file_of_just_that_name(name: str, folder: Path) -> None:
    with gradebook.opened(name) as book:
        books.add(book, "bob", factories.mixed())
    assert (folder / name).is_file()
    assert {path.name for path in folder.iterdir() if path.suffix in (".db", "") and path.is_file()} <= {
        name,
        *("gradebook.db", "file"),
    }
    for verb in (["gradebook", "list"], ["gradebook", "export", "--output", "x"], ["report", "--format", "csv"]):
        assert cli.run([*verb, "--gradebook", name]) == 0
    assert "bob" in Path("x").read_text()


def test_a_url_in_a_folders_name_is_no_url(folder: Path) -> None:
    place = "./sqlite:/x.db".replace(":/", "://")
    (folder / "sqlite:").mkdir()
    with gradebook.opened(place):
        assert (folder / "sqlite:" / "x.db").is_file()


def test_a_gradebook_that_is_a_pipe_is_bad_input() -> None:
    os.mkfifo("pipe")
    with pytest.raises(BadInput), gradebook.opened("pipe"):
        pass


def test_a_password_is_not_printed() -> None:
    assert "secret" not in gradebook.shown("postgresql+psycopg://grader:secret@host/grades")
    assert gradebook.shown("a?b.db") == "a?b.db"


# Reports


def test_a_report_may_have_the_longest_name(folder: Path) -> None:
    with replacing(Path("x" * 255)) as stream:
        stream.write("all of it")
    assert Path("x" * 255).read_text() == "all of it"
    assert not [path for path in folder.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_full_disk_is_bad_input(size: int) -> None:
    full = "Can't write /dev/full: no space left on device"
    with pytest.raises(BadInput, match=full), replacing(Path("/dev/full")) as stream:
        stream.write("x" * size)


# Rosters


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"id,name\nann," + b"x" * 200_000 + b"\n", "no CSV in line 2"),
        (b"id\n" + b"x\n" * (11 << 20), "larger than 20 MB"),
        (b"\xff", "can't be read"),
    ],
)
def test_a_roster_that_cannot_be_read_is_bad_input(
    content: bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("roster.csv").write_bytes(content)
    assert cli.run(["class", "in", "--roster", "roster.csv"]) == 2
    assert says in capsys.readouterr().err


def test_a_roster_without_end_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["class", "in", "--roster", "/dev/zero"]) == 2
    assert "larger than 20 MB" in capsys.readouterr().err


def test_a_due_time_beyond_all_calendars_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    for due in ("0001-01-01T00:00", "9999-12-31T23:59"):
        status: Any = cli.run(["class", "nothing here", "--due", due])
        assert status == 2
        assert "Traceback" not in capsys.readouterr().err
