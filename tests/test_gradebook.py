"""The gradebook, on SQLite and on a real PostgreSQL: what is kept, what two graders at once do, what migrates."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from grader.classroom import gradebook, schema
from grader.classroom.gradebook import Gradebook, Key
from grader.errors import BadInput
from tests import extras, postgres

KEY = Key("ann", "ex1", "a" * 64, "1+abc", "0.1", 4)
MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def card(score: int | None = 3, found: str | None = None) -> dict[str, Any]:
    """A scorecard, as far as the gradebook looks into it."""
    outcome = "passed" if score else "failed"
    return {
        "isolation": "sandbox",
        "status": "not_graded" if score is None else "graded",
        "reason": "the lab did not come up" if score is None else None,
        "score": score,
        "max_score": 5,
        "checks": [
            {"id": "a.one", "topic": "a", "outcome": outcome, "points": 3, "found": found},
            {"id": "b.two", "topic": "b", "outcome": "not_reached", "points": 2, "found": "cell 1 raised"},
        ],
    }


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.served() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a gradebook."""
    if request.param == "sqlite":
        return str(tmp_path / "grades.db")
    url = str(request.getfixturevalue("server"))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return url


@pytest.fixture
def book(place: str) -> Iterator[Gradebook]:
    with gradebook.opened(place) as opened:
        yield opened


def test_an_attempt_comes_back_as_it_went_in(book: Gradebook) -> None:
    assert book.add(KEY, card(), submitted_at=MOMENT, deduction=0.25, seconds=12.5)
    (attempt,) = book.history()
    assert (attempt.key, attempt.turn, attempt.status, attempt.score) == (KEY, 0, "graded", 3)
    assert (attempt.submitted_at, attempt.deduction, attempt.seconds) == (MOMENT, 0.25, 12.5)
    assert attempt.mark == 2.25
    assert attempt.graded_at.tzinfo is not None and abs(datetime.now(UTC) - attempt.graded_at).days == 0
    assert book.card(attempt.id) == card()
    assert sorted(book.outcomes()) == [
        (attempt.id, "a.one", "a", "passed", 3, None),
        (attempt.id, "b.two", "b", "not_reached", 2, "cell 1 raised"),
    ]


def test_the_same_work_is_kept_once(book: Gradebook) -> None:
    assert book.add(KEY, card())
    assert not book.add(KEY, card(5))
    assert book.add(KEY, card(4), turn=1)
    assert [attempt.score for attempt in book.history()] == [3, 4]
    ((key, kept),) = book.graded([KEY, dataclasses.replace(KEY, seed=5)]).items()
    assert key == KEY and (kept.turn, kept.status, kept.counts) == (1, "graded", True)
    assert book.graded([]) == {}
    book.add(dataclasses.replace(KEY, sha256="b" * 64), card(5))
    assert not book.graded([KEY])[KEY].counts


@pytest.mark.parametrize(
    "other", [{"sha256": "b" * 64}, {"suite_version": "2"}, {"grader_version": "1"}, {"seed": 9}, {"learner": "bob"}]
)
def test_other_work_is_other_work(book: Gradebook, other: dict[str, Any]) -> None:
    book.add(KEY, card())
    assert book.graded([dataclasses.replace(KEY, **other)]) == {}


def test_the_newest_attempt_counts_and_none_is_forgotten(book: Gradebook) -> None:
    book.add(KEY, card(3))
    book.add(dataclasses.replace(KEY, sha256="b" * 64), card(5))
    book.add(dataclasses.replace(KEY, learner="bob"), card(None))
    book.add(dataclasses.replace(KEY, exercise="ex2"), card(1))
    current = {(a.key.learner, a.key.exercise): (a.score, a.mark) for a in book.current()}
    assert current == {("ann", "ex1"): (5, 5.0), ("ann", "ex2"): (1, 1.0), ("bob", "ex1"): (None, None)}
    assert [a.key.exercise for a in book.current(["ex2"])] == ["ex2"]
    assert len(book.outcomes(["ex1"])) == 4
    assert [a.score for a in book.history(learner="ann", exercise="ex1")] == [3, 5]


def test_a_persons_mark_stands_beside_the_machines(book: Gradebook) -> None:
    book.add(KEY, card())
    book.override("ann", "ex1", 4.5, author="Lee", reason="the brief was unclear")
    book.override("bob", "ex1", 1, author="Lee", reason="by mistake")
    book.override("bob", "ex1", None, author="Kim", reason="taken back")
    held = book.overridden()
    assert held.keys() == {("ann", "ex1")}
    assert (held["ann", "ex1"].score, held["ann", "ex1"].author) == (4.5, "Lee")
    assert [given.author for given in book.all_overrides()] == ["Lee", "Lee", "Kim"]
    assert book.history()[0].score == 3


def test_text_of_any_kind(book: Gradebook) -> None:
    learner = "a'; DROP TABLE attempts; --\n\"ü\u202e"
    book.add(dataclasses.replace(KEY, learner=learner), card(found="x" * 5000))
    (attempt,) = book.current()
    assert attempt.key.learner == learner
    assert len(book.card(attempt.id)["checks"][0]["found"]) == 5000
    assert len(next(found for *_, check, _, _, _, found in book.outcomes() if check == "a.one") or "") == 300


def test_a_setting_is_drawn_once(book: Gradebook) -> None:
    assert book.setting("seed of ex1", "7") == "7"
    assert book.setting("seed of ex1", "8") == "7"


def _write(place: str, start: Any, number: int, count: int) -> None:
    start.wait()
    with gradebook.opened(place) as book:
        for i in range(count):
            book.add(dataclasses.replace(KEY, learner=f"shared {i}"), card())
            book.add(dataclasses.replace(KEY, learner=f"own {number} {i}"), card())
            book.setting("seed of ex1", str(number))


def test_two_graders_at_once(place: str) -> None:
    """Both open it while it is empty, and write what the other writes too."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    graders = [context.Process(target=_write, args=(place, start, number, 40)) for number in range(2)]
    for grader in graders:
        grader.start()
    for grader in graders:
        grader.join(120)
    assert [grader.exitcode for grader in graders] == [0, 0]
    with gradebook.opened(place) as book:
        learners = [attempt.key.learner for attempt in book.history()]
    assert len(learners) == len(set(learners)) == 120


def test_the_migrations_make_the_tables_that_the_code_knows(place: str) -> None:
    with gradebook.opened(place):
        pass
    engine = sa.create_engine(gradebook.url_of(place))
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), schema.metadata)
    engine.dispose()
    assert found == []


def test_of_a_newer_version(place: str) -> None:
    with gradebook.opened(place):
        pass
    engine = sa.create_engine(gradebook.url_of(place))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(BadInput, match="newer version"), gradebook.opened(place):
        pass


def test_a_database_of_other_making(place: str) -> None:
    engine = sa.create_engine(gradebook.url_of(place))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE results (x INTEGER)"))
    engine.dispose()
    with pytest.raises(BadInput, match="tables of other making"), gradebook.opened(place):
        pass


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE history (x INTEGER)")
    with pytest.raises(BadInput, match="tables of other making"), gradebook.opened(str(tmp_path / "other.db")):
        pass


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nothing://there", "is no gradebook's address"),
        ("postgresql+psycopg://grader:secret@127.0.0.1:1/x", "can't be opened"),
        ("/proc/grades.db", "can't be opened"),
        (__file__, "can't be opened: file is not a database"),
    ],
)
def test_no_gradebook(place: str, says: str) -> None:
    if "psycopg" in place:
        extras.needed("psycopg", "postgres")
    with pytest.raises(BadInput, match=says) as raised, gradebook.opened(place):
        pass
    assert "secret" not in str(raised.value)


def test_none_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no gradebook"), gradebook.opened(str(tmp_path / "x.db"), create=False):
        pass
    assert not list(tmp_path.iterdir())
