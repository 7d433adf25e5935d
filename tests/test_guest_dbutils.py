"""``dbutils`` in the lab, against the public reference's words."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from grader.lab.sandbox import GUEST

sys.path.append(str(GUEST))

from lab_guest.dbutils import DBUtils, Job, NotebookExit, WorkflowException  # type: ignore[import-not-found]


@pytest.fixture
def dbutils(tmp_path: Path) -> Any:
    return DBUtils(tmp_path, {"root": str(tmp_path), "key": "rider_id"})


def test_files_are_put_listed_read_and_removed(dbutils: Any, tmp_path: Path) -> None:
    folder = f"{tmp_path}/a/b"
    assert dbutils.fs.mkdirs(folder)
    assert dbutils.fs.put(f"{folder}/x.txt", "grüße")
    (entry,) = dbutils.fs.ls(folder)
    assert (entry.path, entry.name, entry.size) == (f"file:{folder}/x.txt", "x.txt", 7)
    assert entry.isFile() and not entry.isDir() and entry.modificationTime > 1_600_000_000_000
    (above,) = dbutils.fs.ls(f"{tmp_path}/a")
    assert above.name == "b/" and above.isDir() and above.size == 0
    assert dbutils.fs.head(f"{folder}/x.txt", 2) == "gr"
    assert dbutils.fs.head(entry.path) == "grüße"
    assert dbutils.fs.rm(f"{folder}/x.txt")
    assert not dbutils.fs.rm(f"{folder}/x.txt")


def test_put_does_not_overwrite_unasked(dbutils: Any, tmp_path: Path) -> None:
    dbutils.fs.put(f"{tmp_path}/x", "1")
    with pytest.raises(FileExistsError):
        dbutils.fs.put(f"{tmp_path}/x", "2")
    dbutils.fs.put(f"{tmp_path}/x", "2", overwrite=True)
    assert dbutils.fs.head(f"{tmp_path}/x") == "2"


def test_full_folders_are_removed_only_with_recurse(dbutils: Any, tmp_path: Path) -> None:
    dbutils.fs.put(f"{tmp_path}/a/x", "1")
    with pytest.raises(OSError, match="recurse"):
        dbutils.fs.rm(f"{tmp_path}/a")
    assert dbutils.fs.rm(f"{tmp_path}/a", recurse=True)
    assert not (tmp_path / "a").exists()


def test_copy_and_move(dbutils: Any, tmp_path: Path) -> None:
    dbutils.fs.put(f"{tmp_path}/a/x", "1")
    dbutils.fs.cp(f"{tmp_path}/a/x", f"{tmp_path}/y")
    dbutils.fs.cp(f"file:{tmp_path}/a", f"{tmp_path}/b", recurse=True)
    dbutils.fs.mv(f"{tmp_path}/a", f"{tmp_path}/c", recurse=True)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == [
        "b/x", "c/x", "y",
    ]  # fmt: skip
    with pytest.raises(OSError, match="recurse"):
        dbutils.fs.cp(f"{tmp_path}/b", f"{tmp_path}/d")


def test_dbfs_lies_below_the_lab(dbutils: Any, tmp_path: Path) -> None:
    dbutils.fs.put("dbfs:/tmp/x", "1")
    assert (tmp_path / "dbfs" / "tmp" / "x").read_text() == "1"
    assert [entry.name for entry in dbutils.fs.ls("dbfs:/tmp")] == ["x"]


def test_a_missing_path_is_named(dbutils: Any) -> None:
    with pytest.raises(FileNotFoundError, match="/none/such"):
        dbutils.fs.ls("/none/such")


def test_widgets(dbutils: Any) -> None:
    widgets = dbutils.widgets
    assert widgets.get("key") == "rider_id"
    widgets.text("key", "mine")  # The lab's own value stays, as a value set above a notebook does.
    widgets.text("new", "1", "A label")
    widgets.dropdown("choice", "a", ["a", "b"])
    assert widgets.getAll() == {"root": widgets.get("root"), "key": "rider_id", "new": "1", "choice": "a"}
    with pytest.raises(ValueError, match="none of the choices"):
        widgets.combobox("other", "c", ["a"])
    with pytest.raises(ValueError, match="no widget 'kex'"):
        widgets.get("kex")
    widgets.remove("new")
    assert "new" not in widgets.getAll()
    widgets.removeAll()
    assert widgets.getAll() == {} and widgets.getArgument("key", "none") == "none"


def test_exit_is_stopped_by_no_except_exception(dbutils: Any) -> None:
    with pytest.raises(NotebookExit, match="done"):
        try:
            dbutils.notebook.exit("done")
        except Exception:
            pytest.fail("a learner's handler must not stop it")


@pytest.mark.parametrize("name", ["secrets", "library", "data"])
def test_what_is_not_offered_says_its_name(dbutils: Any, name: str) -> None:
    with pytest.raises(NotImplementedError, match=f"dbutils.{name} is not offered"):
        getattr(dbutils, name)
    with pytest.raises(NotImplementedError, match=r"dbutils\.fs\.mount"):
        dbutils.fs.mount("s3://x", "/mnt")


def test_task_values_outside_of_a_job(dbutils: Any) -> None:
    values = dbutils.jobs.taskValues
    values.set("score", {"auc": 0.5})
    assert values.get("train", "score", default=1, debugValue=2) == 2
    with pytest.raises(TypeError, match="debugValue"):
        values.get("train", "score", default=1)


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("a", object(), TypeError),
        ("a", float("nan"), ValueError),
        ("a", "x" * (48 << 10), ValueError),
        (1, 1, TypeError),
    ],
    ids=["object", "nan", "large", "key"],
)
def test_what_is_no_task_value(dbutils: Any, key: Any, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        dbutils.jobs.taskValues.set(key, value)


def test_task_values_within_a_job(dbutils: Any, tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    dbutils.enter(Job({"jobId": "7"}, {"train": {"score": 0.5, "none": None}}, file, tmp_path))
    values = dbutils.jobs.taskValues
    assert values.get("train", "score", debugValue=2) == 0.5 and values.get("train", "none", default=1) is None
    assert values.get("train", "other", default=0) == 0 and values.get("other", "score", 3) == 3
    with pytest.raises(ValueError, match="'other' of task 'train'"):
        values.get("train", "other")
    values.set("a", [1])
    values.set("a", {"b": "ü"})
    assert json.loads(file.read_text()) == {"a": {"b": "ü"}}
    for number in range(249):
        values.set(f"v{number}", number)
    with pytest.raises(ValueError, match="250"):
        values.set("one more", 1)
    context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
    assert context.jobId().get() == "7" and context.currentRunId().isEmpty()
    assert context.tags().get("runId").getOrElse("none") == "none"


@pytest.mark.server
def test_a_notebook_runs_another(dbutils: Any, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("dbutils.notebook.exit(dbutils.widgets.get('x') * 2)")
    assert dbutils.notebook.run(f"{tmp_path}/other", 60, {"x": 21}) == "2121"
    (tmp_path / "again.py").write_text("dbutils.notebook.run('./again')")
    with pytest.raises(WorkflowException, match="5 levels deep"):
        dbutils.notebook.run(f"{tmp_path}/again")
    with pytest.raises(WorkflowException, match="does not exist"):
        dbutils.notebook.run("/Shared/other", 60)
