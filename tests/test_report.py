"""The reports: each a pure function of the scorecard."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from grader.errors import BadInput
from grader.lab.record import CellError, CellRecord
from grader.report import junit, terminal
from grader.report.files import replacing
from grader.scoring import Scorecard
from tests import factories

HOSTILE = "\x1b[31mred\x1b[0m [bold]not bold[/bold] \x1b]0;title\x07 \x9b2J \u202eabc \ud800 \x00\x08]]> & <x>"


def shown(card: Scorecard, width: int = 80, *, verbose: bool = False, timings: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False, emoji=False)
    terminal.render(card, factories.exercise(), console, verbose=verbose, timings=timings)
    return out.getvalue()


def hostile_card() -> Scorecard:
    cell = CellRecord(2, f"Task {HOSTILE}", "error", 1.0, CellError(HOSTILE, HOSTILE * 1000, line=3, source=HOSTILE))
    card = factories.graded(
        [
            factories.result("create.rows", found=HOSTILE, cell=2),
            factories.result("create.append", "not_reached", None, HOSTILE, 2),
        ],
        records=(cell,),
    )
    return replace(card, submission=replace(card.submission, path=f"{HOSTILE}.py"))


# On the terminal


@pytest.mark.parametrize("width", [30, 50, 80, 160])
@pytest.mark.parametrize("sample", factories.SAMPLES)
def test_every_line_fits(sample: str, width: int) -> None:
    text = shown(factories.SAMPLES[sample](), width, timings=True)
    assert max(len(line) for line in text.splitlines()) <= width
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert "\x1b" not in text


def test_failed_checks_say_what_to_do() -> None:
    text = shown(factories.mixed(), 160)
    assert "✗ The second batch was added in a version of its own  3 points" in text
    assert "expected  A later version adds the second batch and keeps the first." in text
    assert "found     Version 1 overwrote the table: it holds the second batch alone." in text
    assert "look at   cell 3, Task 2: Append a second batch" in text
    assert "hint      grade hint ex1 create.append" in text


def test_colour_marks_and_does_not_flood() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, color_system="standard", highlight=False)
    terminal.render(factories.mixed(), factories.exercise(), console)
    assert "\x1b[31m✗ \x1b[0m\x1b[1mThe second batch" in out.getvalue()
    assert "\x1b[33m   7 of 10  \x1b[0mCreate, append and read" in out.getvalue()


def test_a_cell_error_is_told_once_in_the_learners_line() -> None:
    text = shown(factories.mixed(), 160)
    assert text.count("Cell 9 raised AnalysisException") == 1
    assert text.count("bike < 0") == 1
    assert "line 41  bad_version = history" in text
    assert "Cell 9 raised AnalysisException  5 points" in text
    assert "costs    bad_version is the version that wrote the impossible counts" in text
    assert "not reached" not in text
    assert text.splitlines()[-1] == "Next: mend cell 9, line 41, and grade again."


def test_a_cascade_of_errors_is_told_by_its_head() -> None:
    error = CellError("Py4JNetworkError", "The JVM is gone.", line=20, source="spark.sql('select 1')")
    records = factories.cells(failing=dict.fromkeys(range(5, 18), error))
    lost = [factories.result(c.id, "not_reached", None, "x", c.task + 1) for c in factories.exercise().checks]
    text = shown(factories.graded(lost[4:], records=records), 100)
    assert text.count("The JVM is gone.") == terminal.FULL
    assert "8 more cells did not end well" in text
    assert "cells  10, 11, 12, 13, 14, 15, 16, 17" in text
    assert "maintain.retention" in text


def test_many_failures_are_named_and_few_told() -> None:
    card = factories.starter()
    text = shown(card, 100)
    assert text.count("  expected  ") == terminal.FULL
    assert f"{len(card.checks) - terminal.FULL} more checks failed" in text
    assert all(check.id in text for check in card.checks)
    assert shown(card, 100, verbose=True).count("  expected  ") == len(card.checks)
    assert "look at   task 1 of the brief, Create a table" in text


def test_checks_that_failed_for_the_same_reason_are_told_together() -> None:
    missing = ("a Delta table at tables/rides", "no Delta table at tables/rides")
    card = factories.graded([factories.result(name, "failed", *missing) for name in ("create.rows", "create.append")])
    text = shown(card, 160)
    assert "2 checks failed for the same reason  5 points" in text
    assert text.count("no Delta table at tables/rides") == 1
    assert "checks    A version of rides holds the first batch alone" in text


def printing(index: int, printed: str, error: CellError | None = None) -> CellRecord:
    return CellRecord(index, f"Task {index}", "error" if error else "ok", 0.1, error, printed=printed)


def test_what_a_cell_printed_is_told_where_it_raised_and_of_all_if_asked() -> None:
    error = CellError("KeyError", "'bikes'", 7, "row['bikes']")
    records = (printing(1, "hello\nthere"), printing(2, "".join(f"line {n}\n" for n in range(20)), error))
    card = factories.graded([factories.result("create.rows", "not_reached", cell=2)], records=records)
    brief, full = shown(card), shown(card, verbose=True)
    assert "hello" not in brief and "Cell 1 printed" in full and "hello" in full and "there" in full
    assert "printed  line 10" in brief and "line 19" in brief and "line 9\n" not in brief


def test_what_does_not_compile_comes_first() -> None:
    broken = CellError("SyntaxError", "invalid syntax", 30, "x = = 1")
    records = (printing(1, "", CellError("NameError", "x", 2, "x")), printing(2, "", broken))
    card = factories.graded([factories.result("create.rows", "not_reached", cell=1)], records=records)
    last = shown(card, 160).splitlines()[-1]
    assert last == "Next: mend cell 2, line 30, and grade again. It does not compile, so nothing in it ran."


def test_points_by_topic_and_by_the_sections_that_are_touched() -> None:
    text = shown(factories.mixed(), 100)
    assert "   7 of 10  Create, append and read" in text
    assert "Total" in text
    assert "(38 % of the exam)" in text
    assert "Deployment" not in text  # no topic of exercise 1 serves it


@pytest.mark.parametrize(("isolation", "words"), [("sandbox", "in a sandbox"), ("process", "without a sandbox")])
def test_isolation_is_told(isolation: str, words: str) -> None:
    assert words in shown(factories.graded(isolation=isolation))


def test_all_passed_and_not_graded_end_in_one_line() -> None:
    assert shown(factories.all_passed()).splitlines()[-1].startswith("All checks passed.")
    text = shown(factories.ungraded(), 160)
    assert text.splitlines()[-1].startswith("Not graded: the lab's Java process could not be started.")
    assert "0 of" not in text


@pytest.mark.parametrize("outcome", sorted(terminal.BREACH))
def test_every_breach_has_words(outcome: str) -> None:
    cell = replace(factories.cells()[4], outcome=outcome)  # type: ignore[arg-type]
    card = factories.graded([factories.result("create.read", cell=5)], records=(cell,))
    assert f"Cell 5 {terminal.BREACH[outcome]}" in shown(card)


def test_cells_after_the_end_are_told() -> None:
    records = tuple(replace(c, outcome="not_run") if c.index > 4 else c for c in factories.cells())
    reason = "cell 4 ended the notebook"
    lost = [factories.result(c.id, "not_reached", None, reason, 4) for c in factories.exercise().checks[4:]]
    text = shown(factories.graded(lost, records=records))
    assert "The notebook ended before cells 5 to 17" in text
    assert f"{len(lost)} checks not reached" in text
    assert text.count(reason) == 1


def test_a_learners_text_is_shown_literally() -> None:
    text = shown(hostile_card(), 200, verbose=True, timings=True)
    assert "[bold]not bold[/bold]" in text
    assert not any(mark in text for mark in ("\x1b", "\x9b", "\x07", "\x08", "\x00", "\u202e", "\ud800"))
    assert len(text) < 10_000
    text.encode()


# JUnit


@pytest.mark.parametrize(("sample", "failures", "errors"), [("all_passed", 0, 0), ("mixed", 5, 0)])
def test_junit_counts(sample: str, failures: int, errors: int) -> None:
    card = factories.SAMPLES[sample]()
    root = ET.fromstring(junit.text(card))
    suite = root[0]
    assert suite.attrib["tests"] == str(len(card.checks)) == str(len(suite.findall("testcase")))
    assert suite.attrib["failures"] == str(failures) == str(len(suite.findall("testcase/failure")))
    assert suite.attrib["errors"] == str(errors)
    assert not suite.findall("testcase/skipped")


def test_junit_tells_not_reached_from_failed() -> None:
    root = ET.fromstring(junit.text(factories.mixed()))
    kinds = [failure.attrib["type"] for failure in root.iter("failure")]
    assert kinds.count("not_reached") == 2
    texts = [failure.text or "" for failure in root.iter("failure")]
    assert any("AnalysisException" in text and "line 41" in text for text in texts)


def test_junit_of_what_was_not_graded_is_all_errors() -> None:
    card = factories.ungraded()
    suite = ET.fromstring(junit.text(card))[0]
    assert suite.attrib["errors"] == str(len(card.checks)) == str(len(suite.findall("testcase/error")))
    assert suite.attrib["failures"] == "0"


def test_junit_holds_any_text() -> None:
    root = ET.fromstring(junit.text(hostile_card()).encode())
    assert "<x>" in next(root.iter("failure")).attrib["message"]


# Files


def test_a_report_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as stream:
        stream.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["card.json"]
    with replacing(path) as stream:
        stream.write("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["card.json"]


@pytest.mark.parametrize("where", ["missing/card.json", "folder"])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    worked = False
    with pytest.raises(BadInput, match="Can't write"), replacing(tmp_path / where):
        worked = True
    assert not worked


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    with replacing(tmp_path / "link.json") as stream:
        stream.write("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"
    with replacing(Path(os.devnull)) as stream:
        stream.write("gone")
    assert not Path(os.devnull).is_file()
