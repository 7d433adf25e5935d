"""Class reports in every format: figures held against plain arithmetic, hostile text, nothing missing as zero."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from grader import catalog
from grader.classroom import gradebook
from grader.classroom.figures import CheckSums, Failure
from grader.classroom.gradebook import Gradebook
from grader.classroom.roster import NOBODY, Person, Roster
from grader.cli import run as main
from grader.exams import load_exams
from grader.lab.record import CellError
from grader.report import (
    canvas,
    classdata,
    classjson,
    classjunit,
    csvfile,
    gradescope,
    htmlclass,
    htmllearner,
    learnerdata,
    markdown,
    moodle,
    names,
    nbgradercsv,
)
from grader.report.classdata import ClassReport
from grader.text import identity
from tests import gradebooks as books
from tests import postgres
from tests.properties import given, st

MADE = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
EX1 = catalog.find("ex1")
SECRET = "a secret"
EVIL = "=cmd|'/c calc'!A1\n\"<b>../../x"

ROSTER = Roster(
    (
        Person("ada", "Ada Lovelace", "ada@example.edu", {"SIS User ID": "S-1", "ID": "501", "Section": "A"}),
        Person("bob", "Turing, Bob", "bob@example.edu", {"ID number": "77"}),
        Person("cyd", "Cyd Charisse", "cyd@example.edu"),
        Person("dan", "Dan Brown", "dan@example.edu"),
        Person(EVIL, books.HOSTILE, "+1@example.edu"),
    )
)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with gradebook.opened(str(tmp_path / "g.db")) as opened:
        yield opened


def small(book: Gradebook, evil: str = EVIL) -> None:
    """Ada all but one, Bob late and twice, Cyd not graded, Dan nothing, somebody hostile, a stranger."""
    books.add(book, "ada", books.card(EX1, books.all_but("create.rows"), found="There are 3 rows."))
    books.add(book, "bob", books.card(EX1, books.passing("create.rows")))
    books.add(book, "bob", books.card(EX1, books.passing("create.rows", "create.append"), found="There are 5 rows."))
    late = books.card(EX1, books.passing("create.rows", "create.append"), found="There are 7 rows.")
    books.add(book, "bob", late, deduction=0.2)
    books.add(book, "cyd", books.not_graded("ex1", "the file of Cyd Charisse is no notebook."))
    hostile = CellError(books.HOSTILE, books.HOSTILE, 3, books.HOSTILE)
    cells = books.plain_cells(hostile)
    books.add(book, evil, books.card(EX1, books.passing("create.rows"), found=books.HOSTILE, cells=cells, path=EVIL))
    books.add(book, "zoe", books.card(EX1, lambda check: "passed"))


def made(
    book: Gradebook, roster: Roster = ROSTER, *, secret: str | None = None, exercises: tuple[str, ...] = ("ex1",)
) -> ClassReport:
    figures = book.figures(exercises, outcomes=True)
    overrides = book.overridden()
    return classdata.build(figures, overrides, roster, exercises, load_exams(), secret=secret, made_at=MADE)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_marks_and_what_has_none(book: Gradebook) -> None:
    small(book)
    by_id = {one.id: one.results[0] for one in made(book).learners}
    assert list(by_id) == ["ada", "bob", "cyd", "dan", EVIL, "zoe"]
    assert [by_id[name].status for name in ("ada", "cyd", "dan")] == ["graded", "not_graded", "missing"]
    assert (by_id["bob"].score, by_id["bob"].machine_mark, by_id["bob"].tries) == (5, 4.0, 3)
    assert by_id["cyd"].mark is by_id["dan"].mark is None
    book.override("bob", "ex1", 30.5, author="prof", reason="oral")
    book.override("dan", "ex1", 12, author="prof", reason="on paper")
    again = {one.id: one.results[0] for one in made(book).learners}
    assert (again["bob"].mark, again["bob"].machine_mark) == (30.5, 4.0)
    assert (again["dan"].mark, again["dan"].status) == (12, "missing")
    figure = made(book).exercises[0]
    assert (figure.graded, figure.not_graded, figure.missing, figure.late, figure.overridden) == (4, 1, 1, 1, 2)


def test_figures_are_those_of_plain_arithmetic(book: Gradebook) -> None:
    books.fill(book, [f"l{n}" for n in range(40)], ["ex1", "ex5"], seed=5)
    books.add(book, "l3", books.not_graded("ex5", "no"))
    report = made(book, NOBODY, exercises=("ex1", "ex5"))
    for at, figure in enumerate(report.exercises):
        results = [one.results[at] for one in report.learners if one.results[at].status == "graded"]
        cards = [book.card(result.attempt) for result in results if result.attempt]
        assert len(cards) == figure.graded
        for check in figure.checks:
            outcome = [next(c for c in card["checks"] if c["id"] == check.id)["outcome"] for card in cards]
            passed = [float(one == "passed") for one in outcome]
            rest = [card["score"] - check.points * one for card, one in zip(cards, passed, strict=True)]
            assert check.difficulty == pytest.approx(statistics.fmean(passed))
            assert check.not_reached == outcome.count("not_reached")
            if 0 < sum(passed) < len(passed):
                assert check.discrimination == pytest.approx(statistics.correlation(passed, rest))
            else:
                assert check.discrimination is None
        for number, topic in enumerate(figure.topics):
            told = [next(t for t in card["topics"] if t["id"] == topic.id) for card in cards]
            assert [tuple(r.topics[number] or ()) for r in results] == [(t["score"], t["max_score"]) for t in told]
        assert figure.spread.mean == pytest.approx(statistics.fmean((r.mark or 0) / r.max_score for r in results))
        assert sum(figure.spread.bins) == figure.spread.count == len(results)
    for exam in report.exams:
        for section in exam.sections:
            cards = [
                book.card(r.attempt) for one in report.learners for r in one.results if r.attempt and r.mark is not None
            ]
            told = [
                s
                for card in cards
                for e in card["exams"]
                if e["exam"] == exam.id
                for s in e["sections"]
                if s["id"] == section.id
            ]
            possible = sum(s["max_score"] for s in told)
            assert section.share == (pytest.approx(sum(s["score"] for s in told) / possible) if possible else None)


@pytest.mark.server
def test_postgresql_and_sqlite_give_the_same_report(book: Gradebook) -> None:
    with postgres.served() as url, gradebook.opened(url) as other:
        for one in (book, other):
            books.fill(one, [f"l{n}" for n in range(6)], ["ex1", "ex3"], seed=3)
            books.add(one, "l3", books.not_graded("ex3", "no"))
        told = [json.loads(classjson.text(made(one, NOBODY, exercises=("ex1", "ex3")))) for one in (book, other)]
    for data in told:
        for learner in data["learners"]:
            for result in learner["results"]:
                del result["graded_at"]
    assert told[0] == told[1]


def sums(points: int, passed: list[bool], others: list[int]) -> CheckSums:
    rest_of_passed = sum(other for one, other in zip(passed, others, strict=True) if one)
    return CheckSums(
        "ex1", "c", "t", points, len(passed), sum(passed), 0, sum(others), sum(o * o for o in others), rest_of_passed
    )


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=1, max_size=30))
def test_discrimination(pairs: list[tuple[bool, int]]) -> None:
    passed, others = [one for one, _ in pairs], [other for _, other in pairs]
    found = classdata.discrimination(sums(2, passed, others))
    if len(set(passed)) == 1 or len(set(others)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(statistics.correlation([float(p) for p in passed], others))


def test_the_commonest_failure_counts_messages_alike_but_for_figures() -> None:
    failures = [
        Failure("ex1", "c", "failed", "There are 3 rows.", 2),
        Failure("ex1", "c", "failed", "There are 4,5 rows.", 3),
        Failure("ex1", "c", "failed", "No table.", 4),
        Failure("ex1", "c", "not_reached", None, 9),
    ]
    assert classdata.commonest_failure(failures) == ("There are 4,5 rows.", 5)
    assert classdata.commonest_failure([]) == (None, 0)


def test_a_suite_of_several_versions(book: Gradebook) -> None:
    """A check that is no more in the manifest keeps its place; figures are of whoever was judged by it."""
    books.add(book, "new", books.card(EX1, books.passing("create.rows")))
    card = json.loads(json.dumps(books.card(EX1, books.passing("create.rows")).as_json()))
    card["checks"][0] |= {"id": "create.before", "outcome": "failed"}
    key = gradebook.Key("old", "ex1", "0" * 64, "0.9+abc", "0.0.1", 7)
    assert book.add(key, card)
    figure = made(book, NOBODY).exercises[0]
    checks = {check.id: check for check in figure.checks}
    assert (checks["create.before"].graded, checks["create.rows"].graded) == (1, 1)
    assert checks["create.append"].graded == 2
    assert len(figure.suite_versions) == 2


def test_an_exercise_that_is_no_more(book: Gradebook) -> None:
    card = {**books.card(EX1, books.passing("create.rows")).as_json(), "exercise": "ex0"}
    assert book.add(gradebook.Key("ada", "ex0", "0" * 64, "1", "1", 1), card)
    report = made(book, NOBODY, exercises=("ex0",))
    assert (report.exercises[0].title, report.exercises[0].max_score) == ("ex0", EX1.max_score)
    assert "ex0" in htmlclass.text(report)


def test_csv(book: Gradebook) -> None:
    small(book)
    book.override("ada", "ex1", 45, author="prof", reason="oral")
    text = csvfile.text(made(book))
    head, *body = rows(text)
    assert len({*head}) == len(head) and all(len(row) == len(head) for row in body)
    told = {row[0]: dict(zip(head, row, strict=True)) for row in body}
    bob, dan, cyd = told["bob"], told["dan"], told["cyd"]
    assert (bob["ex1 mark"], bob["ex1 machine_score"], bob["ex1 deduction"]) == ("4", "5", "0.2")
    assert (bob["ex1 topic create"], bob["ex1 check create.rows"], bob["ex1 check create.read"]) == ("5", "1", "0")
    assert (told["ada"]["ex1 mark"], told["ada"]["ex1 machine_score"], told["ada"]["ex1 by_hand"]) == (
        "45",
        "43",
        "prof",
    )
    for nothing, status in ((dan, "missing"), (cyd, "not_graded")):
        assert nothing["ex1 status"] == status and nothing["total"] == ""
        empty = [n for n in head if "topic" in n or "check" in n or n.endswith(("mark", "score", "deduction"))]
        assert {nothing[name] for name in empty} == {""}
    assert text.count("\r\n") == text.count("\r") and text.endswith("\r\n")


HEADS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\u202e=1", "\x00=1")


@pytest.mark.parametrize("text", HEADS, ids=[ascii(head) for head in HEADS])
def test_a_cell_that_a_spreadsheet_would_compute(text: str) -> None:
    cell = rows(csvfile.table([[text]]))[0][0]
    assert cell.startswith("'"), cell


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_csv_keeps_its_shape(texts: list[str]) -> None:
    written = csvfile.table([texts, ["end"] * len(texts)])
    assert [len(row) for row in rows(written)] == [len(texts)] * 2
    for cell in rows(written)[0]:
        assert not cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_canvas(book: Gradebook) -> None:
    small(book)
    head, possible, *body = rows(canvas.text(made(book)))
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "ex1 Delta Lake operations"]
    # Canvas' importer takes a number in brackets at a title's end for the id of an assignment.
    assert not re.search(r"\(\d+\)$", head[-1])
    assert "Points Possible" in possible[0] and possible[-1] == "45"
    assert body[0] == ["Ada Lovelace", "501", "S-1", "", "A", "43"]
    assert body[1][:4] == ["Turing, Bob", "", "", "bob"]
    assert (body[2][-1], body[3][-1]) == ("", "")


def test_moodle(book: Gradebook) -> None:
    small(book)
    head, *body = rows(moodle.text(made(book)))
    assert head == [*moodle.PERSON, "ex1 Delta Lake operations", "Isolation"]
    assert body[1][:5] == ["Bob", "Turing", "77", "bob", "bob@example.edu"]
    # A dash, as Moodle's export has it: nothing at all would be imported as a grade.
    assert [row[5] for row in body[:4]] == ["43", "4", "-", "-"]
    assert body[4][4].startswith("'+1@")


def test_nbgrader(book: Gradebook) -> None:
    small(book)
    head, *body = rows(nbgradercsv.text(made(book)))
    assert tuple(head[:11]) == nbgradercsv.COLUMNS
    told = {row[3]: dict(zip(head, row, strict=True)) for row in body}
    assert told["bob"]["timestamp"] == "2026-03-01 12:00:00"
    assert [told["bob"][n] for n in ("raw_score", "late_submission_penalty", "score", "max_score")] == [
        "5",
        "1",
        "4",
        "45",
    ]
    assert [told["bob"][n] for n in ("last_name", "first_name")] == ["Turing", "Bob"]
    for nobody in ("cyd", "dan"):
        assert [told[nobody][n] for n in ("raw_score", "late_submission_penalty", "score")] == ["", "", ""]


GRADESCOPE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [
        {"required": ["score"]},
        {
            "required": ["tests"],
            "properties": {"tests": {"minItems": 1, "items": {"required": ["score"]}}},
        },
    ],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": {"$ref": "#/$defs/format"},
        "test_output_format": {"$ref": "#/$defs/format"},
        "test_name_format": {"$ref": "#/$defs/format"},
        "visibility": {"$ref": "#/$defs/visibility"},
        "stdout_visibility": {"$ref": "#/$defs/visibility"},
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": {"$ref": "#/$defs/format"},
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": {"$ref": "#/$defs/format"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": {"$ref": "#/$defs/visibility"},
                    "extra_data": {"type": "object"},
                },
            },
        },
        "leaderboard": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "value"],
                "properties": {"name": {"type": "string"}, "order": {"enum": ["asc", "desc"]}},
            },
        },
    },
    "$defs": {
        "visibility": {"enum": ["hidden", "after_due_date", "after_published", "visible"]},
        "format": {"enum": ["text", "html", "simple_format", "md", "ansi"]},
    },
}
"""What "Autograder Specifications" of Gradescope's documentation says of results.json, as a JSON Schema."""


def test_gradescope(book: Gradebook) -> None:
    small(book)
    book.override("cyd", "ex1", 20, author="prof", reason="oral")
    written = dict(gradescope.files(made(book)))
    assert {"ex1/ada/results.json", "ex1/bob/results.json", "ex1/cyd/results.json"} <= written.keys()
    assert not any("dan" in path for path in written)
    for path, text in written.items():
        assert re.fullmatch(r"ex1/[a-z0-9-]+/results\.json", path)
        jsonschema.validate(json.loads(text), GRADESCOPE)
    bob = json.loads(written["ex1/bob/results.json"])
    assert bob["score"] == 4 and sum(test["score"] for test in bob["tests"]) == 5
    assert sum(test["max_score"] for test in bob["tests"]) == 45
    assert "late" in bob["output"]
    cyd = json.loads(written["ex1/cyd/results.json"])
    assert cyd["score"] == 20 and "tests" not in cyd and "by prof" in cyd["output"]


def test_junit(book: Gradebook) -> None:
    small(book)
    root = ET.fromstring(classjunit.text(made(book)))
    suites = {suite.attrib["name"]: suite for suite in root}
    assert suites["ex1.zoe"].attrib["failures"] == "0"
    assert suites["ex1.bob"].attrib["failures"] == str(len(EX1.checks) - 2)
    assert [case.find("error").attrib["type"] for case in suites["ex1.dan"].iter("testcase")] == ["missing"]  # type: ignore[union-attr]
    assert suites["ex1.cyd"].attrib["errors"] == "1"
    assert int(root.attrib["tests"]) == len(list(root.iter("testcase")))


def test_json(book: Gradebook) -> None:
    small(book)
    data = json.loads(classjson.text(made(book)))
    by_id = {one["id"]: one for one in data["learners"]}
    assert by_id["dan"]["total"] is by_id["dan"]["results"][0]["mark"] is None
    assert by_id["bob"]["results"][0]["checks"]["create.rows"]["outcome"] == "passed"
    assert data["exercises"][0]["checks"][0]["difficulty"] == 0.75


def test_markdown(book: Gradebook) -> None:
    small(book)
    text = markdown.text(made(book))
    assert "Cyd Charisse" in text and "| no work |" in text.replace("  ", " ")
    assert "<script" not in text and "](javascript" not in text and "<img" not in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    learners = lines[lines.index("| Learner | Id | ex1 of 45 | All |") :][: 2 + 6]
    assert all(line.count("|") == 5 for line in learners), learners


@given(st.text(max_size=60))
def test_markdown_shows_any_text_as_it_is(text: str) -> None:
    from markdown_it import MarkdownIt

    shown = markdown.plain(text)
    assert "|" not in shown and "\n" not in shown
    tokens = MarkdownIt("commonmark").parse(f"before {shown} after")
    inline = next(token for token in tokens if token.type == "inline")
    assert {child.type for child in inline.children or ()} <= {"text", "text_special"}


def everything(book: Gradebook, report: ClassReport, redact: Any = None) -> dict[str, str]:
    """Each format's text, by a name for it."""
    texts = {
        "csv": csvfile.text(report),
        "json": classjson.text(report),
        "junit": classjunit.text(report),
        "md": markdown.text(report),
        "nbgrader": nbgradercsv.text(report),
        "canvas": canvas.text(report),
        "moodle": moodle.text(report),
        "html": htmlclass.text(report, links=True),
    }
    texts |= {f"gradescope {path}": text for path, text in gradescope.files(report)}
    owners = {redact.shown(a.key.learner) if redact else a.key.learner: a.key.learner for a in book.history()}
    for learner in report.learners:
        cards = {r.attempt: book.card(r.attempt) for r in learner.results if r.attempt is not None}
        owner = owners.get(learner.id, learner.id)
        hide = (lambda text, owner=owner: redact.one(owner, text)) if redact else None
        page = learnerdata.build(report, learner, cards, book.history(learner=owner), load_exams(), hide)
        texts[f"page {learner.page}"] = htmllearner.text(page)
    return texts


def test_isolation_process_stands_on_every_report(book: Gradebook) -> None:
    books.add(book, "ada", books.card(EX1, books.passing("create.rows"), isolation="process"))
    for name, text in everything(book, made(book, NOBODY)).items():
        if name != "canvas":  # whose every column is an assignment: the command says it instead
            assert "process" in text, name


def test_pseudonyms(book: Gradebook) -> None:
    small(book)
    books.add(
        book, "ada", books.card(EX1, books.passing("create.rows"), found="Lovelace, there is no /home/ada/rides.")
    )
    book.override("bob", "ex1", 30, author="prof", reason="Bob Turing did it at the board")
    report = made(book, secret=SECRET)
    redact = classdata.Redaction(ROSTER, [], SECRET)
    texts = everything(book, report, redact)
    told = ["ada", "lovelace", "turing", "charisse", "bob", "cyd", "dan", "zoe", "501", "s-1", "cmd|"]
    for name, text in texts.items():
        for word in told:
            assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", f"{name}\n{text}", re.IGNORECASE), (name, word)
    ids = [learner.id for learner in report.learners]
    assert ids == sorted(ids) and len(set(ids)) == 6
    assert ids == [learner.id for learner in made(book, secret=SECRET).learners]
    assert not {*ids} & {learner.id for learner in made(book, secret="another").learners}


def test_hostile_text_is_only_ever_text(book: Gradebook) -> None:
    small(book)
    report = made(book)
    for name, text in everything(book, report).items():
        if name == "html" or name.startswith("page"):
            assert "<img" not in text and "onerror=alert(1)>" not in text, name
            assert text.count("<script") == (2 if name == "html" else 1)
        if name not in ("json",) and not name.startswith("gradescope"):
            assert "\u202e" not in text and "\x1b" not in text


IDS = [
    "ada",
    "Ada",
    "../../etc/passwd",
    "a/b",
    "",
    ".",
    "con",
    "a\nb",
    "ä",
    "x" * 300,
    "index",
    "ada-12345678",
    "💥",
    "a b",
]


def test_page_names() -> None:
    found = [names.page_name(one) for one in IDS]
    assert found[0] == "ada" and len(set(found)) == len(IDS)
    for name in found:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", name) and name not in ("con", "index")


@given(st.lists(st.text(max_size=12), unique=True, max_size=8))
def test_page_names_are_unique(ids: list[str]) -> None:
    assert len({names.page_name(one) for one in ids}) == len(ids)


def test_what_to_study_next(book: Gradebook) -> None:
    """Most of the exams hangs on the topic with the most points missing, weighed; what is whole is not named."""
    missing = [check.id for check in EX1.checks if check.topic in ("recover", "travel")]
    books.add(book, "ada", books.card(EX1, books.all_but(*missing)))
    report = made(book, NOBODY)
    attempt = report.learners[0].results[0].attempt
    assert attempt is not None
    page = learnerdata.build(report, report.learners[0], {attempt: book.card(attempt)}, book.history(), load_exams())
    assert {one.topic for one in page.study} == {t.title for t in EX1.topics if t.id in ("recover", "travel")}
    points = {t.id: sum(c.points for c in EX1.checks if c.topic == t.id) for t in EX1.topics}
    weights = {(e.id, s.id): s.weight for e in load_exams() for s in e.sections}
    for study in page.study:
        topic = next(t for t in EX1.topics if t.title == study.topic)
        gains = []
        for place in topic.sections.items():
            of_section = sum(points[t.id] for t in EX1.topics if t.sections.get(place[0]) == place[1])
            gains.append(weights[place] * points[topic.id] / of_section)
        assert study.gain == pytest.approx(statistics.fmean(gains))
        assert study.hint


# The command.


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a gradebook and a roster in it, which commands run in."""
    with gradebook.opened(str(tmp_path / "gradebook.db")) as book:
        small(book, identity(EVIL))  # as a class run keeps such a name
    people = [["learner", "name", "email"], *([p.learner, p.name, p.email] for p in ROSTER.people)]
    with (tmp_path / "roster.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(people)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_report_writes_pages(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--roster", "roster.csv"]) == 0
    assert "report/index.html" in capsys.readouterr().out
    pages = {path.stem for path in (filled / "report/learners").iterdir()}
    index = (filled / "report/index.html").read_text(encoding="utf-8")
    assert pages == set(re.findall(r'href="learners/([^"]+)\.html"', index)) and len(pages) == 6
    assert main(["report", "--class-only", "--output", "alone"]) == 0
    assert [path.name for path in (filled / "alone").iterdir()] == ["index.html"]
    assert 'href="learners' not in (filled / "alone/index.html").read_text(encoding="utf-8")
    assert main(["report", "--learner", "ADA", "--roster", "roster.csv", "--output", "one"]) == 0
    assert [path.name for path in (filled / "one").rglob("*.html")] == ["ada.html"]


@pytest.mark.parametrize("format", ["csv", "json", "junit", "md", "nbgrader", "canvas", "moodle"])
def test_report_writes_files(filled: Path, capsys: pytest.CaptureFixture[str], format: str) -> None:
    assert main(["report", "--format", format, "--roster", "roster.csv"]) == 0
    printed = capsys.readouterr().out
    assert "Lovelace" in printed
    assert main(["report", "--format", format, "--roster", "roster.csv", "--output", "out"]) == 0
    if format != "json" and format != "md":  # those tell when they were made
        assert (filled / "out").read_bytes().decode() == printed
    assert main(["report", "--format", format, "--roster", "roster.csv", "--pseudonymous"]) == 0
    assert "Lovelace" not in capsys.readouterr().out


def test_report_writes_for_gradescope(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--format", "gradescope", "--roster", "roster.csv", "--output", "gs"]) == 0
    assert "2 without a mark" in capsys.readouterr().out
    assert len(list((filled / "gs").rglob("results.json"))) == 4


def test_pseudonymous_pages_keep_apart_from_others(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 0
    assert main(["report", "--pseudonymous"]) == 2
    assert "folder of its own" in capsys.readouterr().err
    assert main(["report", "--pseudonymous", "--format", "gradescope"]) == 2
    assert main(["report", "--pseudonymous", "--output", "p"]) == 0
    written = list((filled / "p").rglob("*.html"))
    assert len(written) == 6 and not any("ada" in path.read_text(encoding="utf-8").split() for path in written)
    assert main(["report", "--pseudonymous", "--output", "p"]) == 0, "the same pseudonyms, the same pages"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "--gradebook", "none.db"], "no gradebook none.db"),
        (["report", "--exercise", "ex2"], "has no results"),
        (["report", "--exercise", "ex99"], "ex99"),
        (["report", "--learner", "adda"], "Did you mean ada"),
        (["report", "--learner", "ada", "--class-only"], "--learner"),
        (["report", "--format", "csv", "--class-only"], "--format html"),
        (["report", "--format", "pdf"], "pdf"),
        (["report", "--format", "csv", "--output", "."], "folder"),
        (["report", "--format", "csv", "--output", "no/such/file"], "Can't write"),
        (["report", "--output", "gradebook.db"], "Can't write into"),
        (["report", "--roster", "none.csv"], "no roster"),
        (["gradebook", "show", "nobody at all"], "no learner"),
        (["gradebook", "override", "ada", "ex1", "99", "--author", "p", "--reason", "r"], "0 to 45"),
        (["gradebook", "override", "ada", "ex1", "nan", "--author", "p", "--reason", "r"], "0 to 45"),
        (["gradebook", "override", "ada", "ex1", "-3", "--author", "p", "--reason", "r"], "0 to 45"),
        (["gradebook", "override", "ada", "ex1", "--author", "p", "--reason", "r"], "0 to 45"),
        (["gradebook", "override", "ada", "ex1", "9", "--author", "p"], "--reason"),
        (["gradebook", "override", "ada", "ex1", "--remove", "--author", "p", "--reason", "r"], "by hand"),
        (["gradebook", "list", "--gradebook", "none.db"], "no gradebook"),
        (["gradebook"], "ommand"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words(filled: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert says in error and "Traceback" not in error


def test_a_gradebook_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(tmp_path / "empty.db")
    with gradebook.opened(place):
        pass
    assert main(["report", "--gradebook", place]) == 2
    assert "no results" in capsys.readouterr().err


def test_the_gradebooks_verbs(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_roster = ["--roster", "roster.csv"]
    assert (
        main(["gradebook", "override", "Dan Brown", "ex1", "31.5", "--author", "p", "--reason", "oral", *with_roster])
        == 0
    )
    assert "31.5 by hand" in capsys.readouterr().out
    assert main(["gradebook", "list", *with_roster]) == 0
    listed = capsys.readouterr().out
    assert "31.5*" in listed and "4<" in listed and "not graded" in listed
    assert main(["gradebook", "show", "dan", *with_roster]) == 0
    assert "31.5 given by hand, by p: oral" in " ".join(capsys.readouterr().out.split())
    assert main(["gradebook", "show", "bob"]) == 0
    shown = capsys.readouterr().out
    assert "20% off" in shown and "travel.version" in shown and "create.rows" not in shown
    assert (
        main(["gradebook", "override", "dan", "ex1", "--remove", "--author", "q", "--reason", "wrong", *with_roster])
        == 0
    )
    capsys.readouterr()
    assert main(["gradebook", "history"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "31.5 by hand" in told and "taken back" in told
    assert "\u202e" not in told
    assert main(["gradebook", "history", "bob", "--exercise", "ex1"]) == 0
    assert capsys.readouterr().out.count("of 45") == 3


def test_export_holds_everything(filled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradebook", "export"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["attempt"] * 7
    assert lines[0]["learner"] == "ada" and len(lines[0]["card"]["checks"]) == len(EX1.checks)
    assert main(["gradebook", "export", "--pseudonymous", "--roster", "roster.csv", "--output", "all.jsonl"]) == 0
    text = (filled / "all.jsonl").read_text(encoding="utf-8")
    assert "ada" not in re.findall(r"\w+", text) and "Charisse" not in text
    assert len(text.splitlines()) == 7


def test_hostile_rosters_and_random_classes_never_break_a_format(book: Gradebook) -> None:
    rng = random.Random(4)
    letters = "ab <>&\"'|`*_=+-@\t\r\n,;\u202e\x00\x1b[31m😀é/.\\"
    ids = ["".join(rng.choice(letters) for _ in range(rng.randrange(1, 12))) for _ in range(12)]
    books.fill(book, sorted(set(ids)), ["ex1"], seed=2)
    people = Roster(tuple(Person(one, one[::-1], one, {"Section": one}) for one in sorted(set(ids))))
    report = made(book, people)
    texts = everything(book, report)
    ET.fromstring(texts["junit"])
    json.loads(texts["json"])
    for name in ("csv", "canvas", "moodle", "nbgrader"):
        assert len({len(row) for row in rows(texts[name])}) == 1, name
