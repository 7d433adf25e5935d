"""A warm lab: nothing of one notebook reaches the next, and a notebook finds there what a fresh lab has."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader import catalog, lab, submission
from grader.lab import sandbox, warm, watch
from grader.lab.record import LabRecord
from grader.lab.warm import WarmLab

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("sandboxed")]

NAMES = ("files", "own", "views", "tables", "setting", "variable", "module", "children", "answer", "rows")
EXERCISE = dataclasses.replace(catalog.find("ex1"), results=NAMES)
LEAVES = """
import builtins, os, subprocess, sys, types
from pathlib import Path
(Path("/tmp") / "left").write_text("x")
Path("left").write_text("x")
spark.range(3).createOrReplaceTempView("left")
spark.range(3).write.format("delta").saveAsTable("left_table")
spark.conf.set("spark.sql.shuffle.partitions", "7")
os.environ["LEFT"] = "x"
sys.modules["left"] = types.ModuleType("left")
builtins.left = 1
subprocess.Popen(["sleep", "600"], start_new_session=True)
spark.range(3).write.format("delta").save(f"{dbutils.widgets.get('root')}/tables/t")
"""
LOOKS = """
import os, sys
from pathlib import Path
files = sorted(path.name for path in Path("/tmp").iterdir())
own = sorted(path.name for path in Path(".").iterdir())
views = [table.name for table in spark.catalog.listTables()]
tables = spark.catalog.tableExists("left_table")
setting = spark.conf.get("spark.sql.shuffle.partitions")
variable = os.environ.get("LEFT", "")
module = "left" in sys.modules or hasattr(__builtins__, "left")
children = os.popen("cat /proc/[0-9]*/cmdline").read().count("sleep")
answer = 6 * 7
spark.range(5).write.format("delta").save(f"{dbutils.widgets.get('root')}/tables/t")
rows = spark.read.format("delta").load(f"{dbutils.widgets.get('root')}/tables/t").count()
"""
ENDS = "import os\nos.kill(os.getpid(), 9)\n"
HANGS = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass\n"


@pytest.fixture(scope="module")
def opened() -> Iterator[WarmLab]:
    with warm.opened(EXERCISE, "sandbox", lambda text: None) as one:
        yield one


def run(cells: str, path: Path, one: WarmLab | None = None, **limits: float) -> LabRecord:
    """The cells run in the warm lab, or with ``path`` as the folder of a fresh one."""
    exercise = dataclasses.replace(EXERCISE, limits=limits)
    file = path.with_suffix(".py")
    file.write_text("# %% cell\n" + cells)
    return lab.run(exercise, submission.read(file), 1, path, isolation="sandbox", notify=lambda text: None, warm=one)


def found(record: LabRecord) -> dict[str, Any]:
    """What the cells bound the names to."""
    results = json.loads((record.folder / "run" / "results.json").read_text())
    return {name: results[name]["value"] for name in NAMES}


def test_nothing_of_a_notebook_reaches_the_next(opened: WarmLab) -> None:
    with lab.folder() as path:
        fresh = found(run(LOOKS, path))
    assert fresh["rows"] == 5 and fresh["answer"] == 42
    with opened.folder() as path:
        assert [cell.outcome for cell in run(LEAVES, path, opened).cells] == ["ok"]
        assert (path / "root" / "left").exists()
    with opened.folder() as path:
        later = found(run(LOOKS, path, opened))
    # The JVM's own files lie there, under names drawn by lot.
    assert "left" not in later.pop("files") and "left" not in fresh.pop("files")
    assert later == fresh


@pytest.mark.proof
@pytest.mark.parametrize(("cells", "outcome"), [(ENDS, "died"), (HANGS, "timeout")], ids=["ends", "hangs"])
def test_a_notebook_that_is_ended_costs_no_other(opened: WarmLab, cells: str, outcome: str) -> None:
    with opened.folder() as path:
        assert [cell.outcome for cell in run(cells, path, opened, cell_seconds=3).cells] == [outcome]
    with opened.folder() as path:
        assert found(run(LOOKS, path, opened))["answer"] == 42


def test_it_ends_with_all_that_it_runs() -> None:
    with warm.opened(EXERCISE, sandbox.choose("auto"), lambda text: None) as one:
        family = psutil.Process(one.process.pid).children(recursive=True)
        assert len(family) >= 2  # the lab's first process and a JVM
        folder = one.path
    assert not [process for process in family if watch._runs(process)]
    assert not folder.exists()
