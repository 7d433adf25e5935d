"""A class in which all that learners control is hostile text: each has a result, and no report holds any of it."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from grader import catalog, cli, scoring
from grader.catalog import Exercise
from grader.classroom import gradebook, layouts, queue, run
from grader.classroom.gradebook import Gradebook
from grader.classroom.queue import Failure
from grader.classroom.worker import Done, Work
from grader.cli.report import Format
from grader.exams import load_exams
from grader.lab import sandbox
from grader.lab.record import CellError, CellRecord
from grader.scoring import SubmissionId
from grader.suite.verdict import CheckResult, Verdict
from grader.text import identity
from tests.conftest import FAULTS
from tests.hostile_text import HUGE, NAMES, TEXT, hurtful

CLASS = ["class", "in", "--exercise", "ex5", "--isolation", "process", "--seed", "3"]
ENCODABLE = TEXT.replace("\ud800", "").replace("\udcff", "")
COPIED = "\n".join(f"call({'x, ' * n}'{ENCODABLE}')[{n}]  # {n}" for n in range(20))
"""Code that some share, for `grade alike` to show."""
FOLDERS = {Format.html, Format.gradescope}


def hostile_card(exercise: Exercise, work: Work) -> dict[str, Any]:
    """The scorecard of a lab in which every text is as a learner likes it."""
    outcomes = [("passed", "failed", "not_reached")[n % 3] for n in range(len(exercise.checks))]
    verdict = Verdict(
        tuple(
            CheckResult(check.id, outcome, HUGE, HUGE, 1)  # type: ignore[arg-type]
            for check, outcome in zip(exercise.checks, outcomes, strict=True)
        )
    )
    cell = CellRecord(1, HUGE, "error", 1.0, CellError(HUGE, HUGE, 1, HUGE), (HUGE, HUGE))
    card = scoring.score(
        exercise,
        verdict,
        load_exams(),
        submission=SubmissionId(work.name, "ab" * 32),
        seed=work.seed,
        isolation="process",
        cells=(cell,),
        timings={},
    )
    return card.as_json()


def judged(pieces: Any, workers: Any) -> Iterator[Any]:
    """Stands for the queue: hostile scorecards, a failure of ours, and a file that can't be loaded."""
    for number, (item, load) in enumerate(pieces):
        work = load()
        if number % 7 == 5:
            yield item, Failure(f"the grader failed on it: {HUGE}")
        else:
            yield item, Done(hostile_card(catalog.find(work.exercise), work), 1.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The class, its roster (which is UTF-8 and so lacks some), and a current directory for it all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(queue, "run", judged)
    for number, name in enumerate(NAMES):
        place = tmp_path / "in" / name
        place.mkdir(parents=True)
        (place / os.fsdecode(b"ex5 \xff\xe2\x80\xae\n.py")).write_text(COPIED if number < 3 else "x = 1\n")
    named = [name for name in NAMES if name.isascii() or name.encode(errors="replace").decode() == name]
    with (tmp_path / "roster.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["id", "name", "email", ENCODABLE]])
        csv.writer(stream).writerows(
            [[name, f"\u202eN {n}", f"\u00ad{n}@x", "\u2060o"] for n, name in enumerate(named)]
        )
    return tmp_path


def texts(*paths: Path) -> Iterator[tuple[Path, str]]:
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield file, file.read_text(encoding="utf-8")


@pytest.mark.proof
@pytest.mark.server
@pytest.mark.parametrize("roster", [[], ["--roster", "roster.csv"]], ids=["alone", "roster"])
def test_each_has_a_row_and_no_report_holds_it(
    folder: Path, roster: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*CLASS, *roster]) == 1  # some could not be graded
    ids = {identity(name) for name in NAMES}
    assert len(ids) == len(NAMES)
    with gradebook.opened("gradebook.db", create=False) as book:
        assert {attempt.key.learner for attempt in book.current()} == ids
        assert all(hurtful(json.dumps(book.card(one.id), ensure_ascii=False)) == set() for one in book.current())
        assert len(json.dumps(book.card(1))) < 500_000
    assert cli.run([*CLASS, *roster]) == 0  # nothing new
    for verb in (["list"], ["history"], ["export"], *(["show", name] for name in NAMES)):
        assert cli.run(["gradebook", *verb, *roster]) == 0, verb
    assert cli.run(["alike", "in", "--exercise", "ex5", *roster]) == 0
    told = capsys.readouterr()
    assert "3 pairs alike" in told.out and "   9 call(x" in told.out
    assert not hurtful(told.out + told.err)
    assert "Traceback" not in told.err
    for format in Format:
        place = f"r-{format.value}" if format in FOLDERS else f"r.{format.value}"
        assert cli.run(["report", "--format", format.value, "--output", place, *roster]) == 0, capsys.readouterr().err
        for file, text in texts(Path(place)):
            assert not hurtful(text), file
            if file.suffix == ".json":
                assert not hurtful(json.dumps(json.loads(text), ensure_ascii=False)), file
    rows = json.loads(Path("r.json").read_text(encoding="utf-8"))["learners"]
    assert {row["id"] for row in rows} == ids
    assert len(list(Path("r-html/learners").iterdir())) == len(ids)


def test_a_learner_is_named_as_shown_or_as_on_the_disk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = NAMES[0]
    assert cli.run([*CLASS, "--only", raw]) == 0
    assert cli.run([*CLASS, "--only", identity(raw)]) == 0
    assert "1 kept from before" in capsys.readouterr().out
    for word in (raw, identity(raw)):
        assert cli.run(["gradebook", "show", word]) == 0
        assert cli.run(["report", "--format", "csv", "--learner", word]) == 0
        by_hand = ["gradebook", "override", word, "ex5", "1", "--author", TEXT + "me", "--reason", HUGE]
        assert cli.run(by_hand) == 0
    assert not hurtful(capsys.readouterr().out)


# One learner's failure


def small_class(tmp_path: Path) -> None:
    for learner in ("ann", "bob", "cy"):
        (tmp_path / "in" / learner).mkdir(parents=True)
        (tmp_path / "in" / learner / "ex5.py").write_text("x = 1\n")


def marks() -> dict[str, str]:
    with gradebook.opened("gradebook.db", create=False) as book:
        return {one.key.learner: one.reason or one.status for one in book.current()}


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(queue, "run", judged)
    small_class(tmp_path)


@pytest.mark.usefixtures("three")
def test_a_result_that_cannot_be_kept_costs_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    add = Gradebook.add

    def fails(self: Gradebook, key: Any, card: Any, **more: Any) -> bool:
        if key.learner == "bob" and card["status"] == "graded":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        return add(self, key, card, **more)

    monkeypatch.setattr(Gradebook, "add", fails)
    assert cli.run(CLASS) == 1
    found = marks()
    assert found.pop("bob").startswith("its result can't be kept: UnicodeEncodeError: ")
    assert found == {"ann": "graded", "cy": "graded"}


@pytest.mark.usefixtures("three")
def test_a_gradebook_out_of_reach_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    add, asked = Gradebook.add, []

    def gone(self: Gradebook, *what: Any, **more: Any) -> bool:
        asked.append(what)
        if len(asked) == 1:
            raise OperationalError("INSERT", {}, Exception("server closed the connection"))
        return add(self, *what, **more)

    monkeypatch.setattr(Gradebook, "add", gone)
    assert cli.run(CLASS) == 3
    assert marks() == {}


def test_whatever_loading_raises_costs_only_itself() -> None:
    def load() -> Work:
        raise ValueError("embedded null byte")

    with queue.local(1) as workers:
        ((tag, outcome),) = queue.run([("bob", load)], workers)
    assert tag == "bob"
    assert outcome == Failure("it can't be read (ValueError('embedded null byte'))")


@pytest.mark.usefixtures("three")
def test_a_refusal_names_the_file_safely() -> None:
    item: Any = run._Item(
        layouts.Found("bob", "ex5", Path("in") / NAMES[0]), gradebook.Key("bob", "ex5", "", "1", "1", 3), 0
    )
    card = run._refused(Path("in"), item, {"ex5": catalog.find("ex5")}, HUGE)
    assert not hurtful(json.dumps(card, ensure_ascii=False))


# In real labs


@pytest.mark.proof
@pytest.mark.lab
def test_in_real_labs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    isolation = ["--isolation", "process"] if sandbox.unavailable() else []
    for name in (NAMES[0], NAMES[6]):
        (tmp_path / "in" / name).mkdir(parents=True)
        for exercise in ("ex3", "ex5"):
            shutil.copy(FAULTS / "text" / "everything.py", tmp_path / "in" / name / f"{exercise}.py")
    broken = {TEXT: TEXT, "cells": [TEXT], "nbformat": 4, "metadata": {}}
    for number, text in enumerate(("{", json.dumps(broken), json.dumps(HUGE))):
        place = tmp_path / "in" / f"no notebook {number}"
        place.mkdir()
        (place / "ex5.ipynb").write_text(text)
    arguments = ["class", "in", "--exercise", "ex3", "--exercise", "ex5", "--seed", "3", *isolation]
    assert cli.run(arguments) == 1, capsys.readouterr().err  # what is no notebook can't be graded
    with gradebook.opened("gradebook.db", create=False) as book:
        results = {(one.key.learner, one.key.exercise): one for one in book.current()}
        cards = {key: book.card(one.id) for key, one in results.items()}
    assert [key for key, one in results.items() if one.status != "graded"] == [
        key for key in results if key[0].startswith("no notebook")
    ]
    assert len(cards) == 7
    for card in cards.values():
        text = json.dumps(card, ensure_ascii=False)
        assert not hurtful(text) and len(text) < 500_000
    told = json.dumps([*cards.values()])
    assert "still open, such as" in told and "latest_version is a." in told
    assert cli.run(["report", "--output", "pages"]) == 0
    assert cli.run(["report", "--format", "junit", "--output", "x.xml"]) == 0
    assert all(not hurtful(text) for _, text in texts(Path("pages"), Path("x.xml")))
    for verb in ("list", "history", "export"):
        assert cli.run(["gradebook", verb]) == 0
    assert not hurtful("".join(capsys.readouterr()))
