"""Files and folders that a learner closed to the grader: they cost the checks, or the learner, that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader import catalog
from grader.classroom import layouts
from grader.errors import BadInput
from grader.evidence import Unreadable, delta, files, honesty
from grader.evidence.delta import DataFile
from grader.lab.probe import Prober
from tests.nobody import as_nobody, own, place

EX1, EX3 = catalog.find("ex1"), catalog.find("ex3")


@pytest.fixture
def folder() -> Iterator[Path]:
    with place() as folder:
        yield folder


# Evidence


def model(path: Path) -> Path:
    (path / "data").mkdir(parents=True)
    (path / "MLmodel").write_text("flavors: {}\n")
    (path / "data" / "weights").write_text("1")
    return path


@pytest.mark.parametrize("closed", ["MLmodel", "data/weights", "data", "."])
@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_closed_part_of_a_model_costs_that_model_alone(folder: Path, closed: str, mode: int) -> None:
    bad, good = model(folder / "bad"), model(folder / "good")
    own(folder)
    file = (bad / closed).is_file()
    (bad / closed).chmod(mode)

    def ask() -> list[str]:
        prober = Prober(folder / "lab", "process")
        told = []
        for path in (bad, bad, good):
            try:
                told.append(Path(prober._copy(path)).name)
            except Unreadable:
                told.append("unreadable")
        return told

    (folder / "lab").mkdir()
    own(folder / "lab")
    if file and mode == 0o444:
        assert as_nobody(ask) == ["model-0", "model-0", "model-1"]
    else:
        assert as_nobody(ask) == ["unreadable", "unreadable", "model-0"]


@pytest.mark.parametrize("closed", [".", "_delta_log", "_delta_log/00000000000000000000.json"])
def test_a_closed_part_of_a_table_is_unreadable(folder: Path, closed: str) -> None:
    log = folder / "rides" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("{}\n")
    own(folder)
    (folder / "rides" / closed).chmod(0)
    with pytest.raises(Unreadable, match="rides"):
        as_nobody(lambda: delta.open_table(folder / "rides"))


@pytest.mark.parametrize("name", ["x" * 300 + ".parquet", "\0.parquet", "\ud800.parquet"])
def test_a_log_may_name_a_file_that_there_cannot_be(tmp_path: Path, name: str) -> None:
    (tmp_path / "rides").mkdir()
    file = DataFile(name, 1, 1, 0, {}, {}, True)
    commit = delta.Commit(0, 0, "WRITE", {}, {}, honesty.SPARK, (file,), (), None, None)
    table = delta.Table(tmp_path / "rides", (commit,))
    assert not table.readable(0)
    assert "names a data file that does not exist" in str(honesty.contradiction(table))


def test_a_closed_file_is_no_plain_file_to_read(folder: Path) -> None:
    (folder / "x").write_text("1")
    own(folder)
    (folder / "x").chmod(0)
    with pytest.raises(Unreadable, match="can't be opened"):
        as_nobody(lambda: files.read_bytes(folder / "x", 10))


# Classes


def lay(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")


def found(folder: Path) -> dict[tuple[str, str], str]:
    read = as_nobody(lambda: layouts.read(folder, [EX1, EX3]))
    return {(one.learner, one.exercise): one.path.name if one.path else str(one.problem) for one in read.found}


Close = Callable[[Path], None]


@pytest.mark.parametrize("mode", [0o000, 0o111])
@pytest.mark.parametrize("kind", ["folders", "nbgrader", "moodle", "github"])
def test_a_learners_closed_folder_costs_only_them(folder: Path, kind: str, mode: int) -> None:
    names, closed = {
        "folders": (("ann/ex1.py", "bob/ex1.py"), "bob"),
        "nbgrader": (("ann/ex1/ex1.py", "ann/ex1/timestamp.txt", "bob/ex1/ex1.py"), "bob"),
        "moodle": (
            ("A_1_assignsubmission_file/ex1.py", "B_2_assignsubmission_file/ex1.py"),
            "B_2_assignsubmission_file",
        ),
        "github": (("lab-ann/ex1.py", "lab-ann/.git/x", "lab-bob/ex1.py", "lab-bob/.git/x"), "lab-bob"),
    }[kind]
    lay(folder, *names)
    own(folder)
    (folder / closed).chmod(mode)
    ann, bob = ("1", "2") if kind == "moodle" else ("ann", "bob")
    problem = f"the folder {closed} can't be read"
    assert found(folder) == {
        (ann, "ex1"): "ex1.py",
        (ann, "ex3"): layouts.NOTHING,
        (bob, "ex1"): problem,
        (bob, "ex3"): problem,
    }


def test_a_folder_that_lists_its_files_and_no_more(folder: Path) -> None:
    lay(folder, "ann/ex1.py", "bob/ex1.py", "bob/ex3.py")
    own(folder)
    (folder / "bob").chmod(0o444)
    assert found(folder)["bob", "ex1"] == "the folder bob can't be read"
    assert found(folder)["ann", "ex1"] == "ex1.py"


def test_a_closed_folder_beside_the_work_does_no_harm(folder: Path) -> None:
    lay(folder, "ann/ex1_delta.py", "ann/data/x.py")
    own(folder)
    (folder / "ann" / "data").chmod(0)
    assert found(folder)["ann", "ex1"] == "ex1_delta.py"


def test_a_closed_class_is_bad_input(folder: Path) -> None:
    lay(folder, "in/ann/ex1.py")
    own(folder)
    (folder / "in").chmod(0)
    with pytest.raises(BadInput, match="There is no folder"):
        found(folder / "in")
