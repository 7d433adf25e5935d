"""Whatever a submission does: a scorecard, in bounded time, without false credit, with nothing left running.

The submissions are in ``tests/faults``. Those that end the notebook run in a lab without Spark, which is up in a
second; the others share one lab, a fault a cell.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from grader import catalog, pipeline, runtime
from tests.conftest import Grade, Graded, Way

pytestmark = pytest.mark.lab

SURVIVED = Way(limits=(("cell_seconds", 25),))
"""Short enough for two endless cells, long enough for a busy machine's first Spark job."""
SPIES = Way(isolation="sandbox", limits=(("cell_seconds", 60),))
BARE = Way(spark=False, limits=(("cell_seconds", 30),))
BOXED = Way(spark=False, isolation="sandbox", limits=(("cell_seconds", 30),))
PLAIN = Way(spark=False, isolation="process", limits=(("cell_seconds", 30),))


def running(words: str) -> list[int]:
    """Ids of processes whose command line holds the words."""
    return [p.pid for p in psutil.process_iter(["cmdline"]) if words in " ".join(p.info["cmdline"] or [])]


def labs() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("lab-*"))


@pytest.mark.proof
class TestSurvived:
    """One fault a cell, each survived."""

    @pytest.fixture
    def graded(self, fault: Grade) -> Graded:
        return fault("survived.py", SURVIVED)

    def test_what_other_cells_did_is_earned_and_nothing_else(self, graded: Graded) -> None:
        assert graded.card.status == "graded"
        assert graded.passed == {"create.rows", "create.derived", "create.append"}

    @pytest.mark.parametrize(
        ("title", "outcome"),
        [
            ("Task 1: create rides", "ok"),
            ("syntax", "error"),
            ("raises", "error"),
            ("sql", "error"),
            ("endless", "timeout"),
            ("endless query", "timeout"),
            ("memory", "memory"),
            ("prints", "output"),
            ("writes", "output"),
            ("subprocess writes", "output"),
            ("one message", "output"),
            ("interrupted at its end", "ok"),
            ("interrupted after its end", "ok"),
            ("asks", "error"),
            ("colours", "error"),
            ("patched tools", "ok"),
            ("stops", "ok"),
            ("threads", "ok"),
            ("objects that equal anything", "ok"),
            ("Task 2: append rides_2", "ok"),
            ("floods from a thread", "output"),
        ],
    )
    def test_each_cell_says_how_it_ended(self, graded: Graded, title: str, outcome: str) -> None:
        assert graded.cell(title).outcome == outcome, graded.cell(title)

    def test_what_a_kernel_would_not_send_harms_nobody(self, graded: Graded) -> None:
        assert graded.cell("malformed messages").outcome in ("ok", "error")

    @pytest.mark.parametrize(
        ("title", "source"),
        [
            ("syntax", "if x = 2:"),
            ("raises", "fails_below(0)"),
            ("sql", "SELECT * FROM delta.`${root}/tables/no_such_table`"),
        ],
    )
    def test_errors_are_told_in_the_learners_own_lines(self, graded: Graded, title: str, source: str) -> None:
        error = graded.cell(title).error
        assert error is not None
        assert error.source == source
        text = (Path(__file__).parent / "faults" / "survived.py").read_text().splitlines()
        assert error.line is not None and text[error.line - 1] == source
        assert "ipykernel" not in error.message and ".py" not in error.message

    def test_all_text_can_be_written_as_utf_8(self, graded: Graded) -> None:
        text = json.dumps(graded.card.as_json(), ensure_ascii=False)
        assert [half for half in text if "\ud800" <= half <= "\udfff"] == []


@pytest.mark.usefixtures("sandboxed")
class TestSpies:
    """What the sandbox hides, and what becomes of a lab whose Spark is ended."""

    @pytest.fixture
    def graded(self, fault: Grade) -> Graded:
        os.environ["GRADE_TEST_SECRET"] = "secret"
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", 47113))
            listener.listen()
            try:
                return fault("spies.py", SPIES)
            finally:
                del os.environ["GRADE_TEST_SECRET"]

    def test_what_it_sees(self, graded: Graded) -> None:
        told = json.loads(graded.message("looks"))
        assert told["found"] == []
        assert told["imports"] == []
        assert not {"var", "run", "mnt", "srv", "sys", "boot"} & set(told["folders"])
        # Python itself and the jars may lie in a home: nothing else of it is there.
        shown = {
            Path(sys.prefix),
            Path(sys.base_prefix).resolve(),
            *(p.resolve() for p in runtime.prepare().read_paths),
        }
        assert all(any(path.is_relative_to(home) for path in shown) for home in told["homes"]), told["homes"]
        assert not [name for name in told["environment"] if name.startswith(("GRADE", "PYTEST", "XDG", "USER"))]
        assert told["environment of the first"] == 0
        assert told["processes"] < 10
        assert told["user"] != 0
        assert told["host"] == "lab"
        assert told["network"] == [False, False]
        assert told["writable"] == []
        assert max(told["memory"]) <= 256

    def test_what_was_earned_before_spark_ended_stays_earned(self, graded: Graded) -> None:
        assert graded.card.status == "graded"
        assert {"create.rows", "create.derived"} <= graded.passed

    def test_cells_without_spark_raise_or_do_without(self, graded: Graded) -> None:
        for title in ("after the stop", "after the end"):
            assert graded.cell(title).outcome == "error"
        assert "Spark ended" in graded.message("after the end")
        assert graded.cell("plain Python goes on").outcome == "ok"


@pytest.mark.proof
def test_a_collect_beyond_all_measure(fault: Grade) -> None:
    graded = fault("spark_hog.py", SPIES)
    assert graded.cell("collects all").outcome == "memory"
    assert "Spark ran out of memory" in graded.message("collects all")
    assert "Spark ended in an earlier cell" in graded.message("goes on with Spark")
    assert graded.cell("goes on without").outcome == "ok"
    assert graded.passed == {"create.rows", "create.derived"}


@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "title", "outcome", "found"),
    [
        ("leaves.py", "ends", "exited", "other than"),
        ("leaves_by_sys.py", "ends", "exited", "other than"),
        ("dies.py", "ends", "died", "nothing is bound"),
    ],
)
def test_a_notebook_that_ends_itself(fault: Grade, name: str, title: str, outcome: str, found: str) -> None:
    graded = fault(name, BARE)
    assert graded.card.status == "graded"
    assert graded.cell(title).outcome == outcome
    assert graded.cell("never runs").outcome == "not_run"
    assert graded.passed == set()
    (check,) = (check for check in graded.card.checks if check.id == "recover.found")
    kept = check.found is not None and "nothing is bound" not in check.found
    assert kept == (outcome == "exited"), "what was bound before an exit() is read, a dead notebook can't be"


@pytest.mark.proof
def test_a_notebook_whose_workings_are_changed(fault: Grade) -> None:
    graded = fault("breaks_the_notebook.py", BARE)
    assert graded.card.status == "graded"
    assert {"died", "timeout"} & {cell.outcome for cell in graded.card.cells}
    assert graded.passed == set()


@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "outcome", "limits"),
    [
        ("stubborn.py", "timeout", (("cell_seconds", 4),)),
        ("deaf.py", "timeout", (("cell_seconds", 4),)),
        ("many.py", "memory", (("lab_memory_mb", 900),)),
        ("shared.py", "ok", (("lab_memory_mb", 2500),)),
        ("fills_disk.py", "disk", ()),
        ("fills_run.py", "disk", ()),
        ("many_files.py", "disk", ()),
    ],
)
@pytest.mark.usefixtures("sandboxed")
def test_limits(fault: Grade, name: str, outcome: str, limits: tuple[tuple[str, float], ...]) -> None:
    graded = fault(name, Way(spark=False, isolation="sandbox", limits=(*limits,)))
    assert graded.card.status == "graded"
    assert graded.card.cells[0].outcome == outcome, graded.card.cells[0]
    assert all(cell.outcome == "not_run" for cell in graded.card.cells[1:])
    assert graded.passed == set()


@pytest.mark.proof
@pytest.mark.usefixtures("sandboxed")
def test_a_fork_bomb(fault: Grade) -> None:
    graded = fault("fork_bomb.py", BOXED)
    assert graded.card.status == "graded"
    assert graded.cell("multiplies").outcome in ("processes", "memory")
    assert graded.cell("never runs").outcome == "not_run"
    assert graded.passed == set()
    assert len(running("lab_guest.boot")) < 50


@pytest.mark.proof
@pytest.mark.parametrize("way", [BOXED, PLAIN], ids=["sandbox", "process"])
def test_ruins_are_cleared_away(fault: Grade, way: Way, request: pytest.FixtureRequest) -> None:
    if way.isolation == "sandbox":
        request.getfixturevalue("sandboxed")
    before = labs()
    graded = fault("vandal.py", way)
    assert graded.card.status == "graded"
    assert graded.card.isolation == way.isolation
    outcomes = {cell.title: cell.outcome for cell in graded.card.cells}
    assert outcomes == {
        "sets a daemon loose": "ok",
        "deletes the lab": "ok",
        "digs": "ok",
        "locks": "ok",
        "is gone": "died",
        "never runs": "not_run",
    }
    assert graded.passed == set()
    assert not running("time.sleep(86399)")
    own = [path for path in labs() - before if any(path.glob("**/d/d/d"))]
    assert not own


@pytest.mark.usefixtures("sandboxed")
def test_a_lab_that_something_tidied_away_is_nobodys_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "mine.py"
    work.write_text("x = 1\n")

    def tidy(doing: str) -> None:
        if doing == "reading results":
            for lab in place.glob("lab-*"):
                shutil.rmtree(lab / "root")

    with tempfile.TemporaryDirectory(prefix="g") as name:
        place = Path(name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        card = pipeline.grade(catalog.find("ex5"), work, pipeline.Options(seed=1), tidy)
    assert card.status == "not_graded" and "was removed while it was in use" in (card.reason or "")


@pytest.mark.proof
def test_results_that_never_end_cost_no_others(fault: Grade) -> None:
    graded = fault("never_ending_results.py", BARE)
    found = {check.id: check.found or "" for check in graded.card.checks}
    assert "could not be read in" in found["create.read"]
    assert "TooLarge" in found["travel.history"]
    assert "nothing is bound" not in found["recover.found"]
    assert graded.passed == set()


@pytest.mark.proof
def test_without_a_sandbox(fault: Grade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADE_TEST_SECRET", "secret")
    graded = fault("plain.py", Way(isolation="process", limits=(("cell_seconds", 25),)))
    outcomes = [cell.outcome for cell in graded.card.cells]
    assert outcomes == ["ok", "timeout", "ok", "error", "ok"], "stopping a cell must not stop Spark"
    assert "GRADE_TEST_SECRET" not in json.loads(graded.message("looks"))
    assert graded.passed == {"create.rows", "create.derived"}
    assert not running("time.sleep(86398)")
