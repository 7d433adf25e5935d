"""The gradebook: every attempt of every learner, whole, in SQLite or PostgreSQL.

Each result is written as it is made, in a transaction of its own, so whatever ends the grader costs only what was under
way. Several graders may write at once: what two of them graded alike is kept once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from grader.classroom import figures
from grader.classroom.schema import attempts, overrides, results, settings
from grader.errors import BadInput
from grader.text import clean, one_line

DEFAULT = "gradebook.db"
BUSY_SECONDS = 60
LONGEST_FOUND = 300
"""Characters of what a check found that are kept beside the whole scorecard, for counting the commonest."""
LONGEST_AUTHOR = 200
LONGEST_REASON = 10_000
_URL = re.compile(r"[A-Za-z][\w.+-]*://")
_UPGRADE_LOCK = 7_263_011
"""Any number, but always the same: PostgreSQL's advisory lock while tables are made or changed."""


@dataclass(frozen=True)
class Key:
    """What makes a result the result of this very work: nothing with the same key is graded twice."""

    learner: str
    exercise: str
    sha256: str
    suite_version: str
    grader_version: str
    seed: int


@dataclass(frozen=True)
class Attempt:
    """One row of the history. Times are in UTC; ``deduction`` is the share taken off for being late."""

    id: int
    key: Key
    turn: int
    isolation: str | None
    status: str
    reason: str | None
    score: int | None
    max_score: int
    submitted_at: datetime | None
    deduction: float
    graded_at: datetime
    seconds: float

    @property
    def mark(self) -> float | None:
        """Points after the deduction; None when it was not graded."""
        return None if self.score is None else round(self.score * (1 - self.deduction), 2)


@dataclass(frozen=True)
class Kept:
    """Of the attempts with one key the newest. ``counts``: no other work of that learner was graded since."""

    id: int
    turn: int
    status: str
    submitted_at: datetime | None
    deduction: float
    counts: bool


@dataclass(frozen=True)
class Override:
    """A mark that a person gave, beside the machine's. ``score`` None takes an earlier one back."""

    learner: str
    exercise: str
    score: float | None
    author: str
    reason: str
    made_at: datetime


class Gradebook:
    """An open gradebook. Made by :func:`opened`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def graded(self, keys: Iterable[Key]) -> dict[Key, Kept]:
        """Of these keys those that have an attempt, with the newest."""
        wanted = set(keys)
        if not wanted:
            return {}
        names = sorted({key.exercise for key in wanted})
        columns = [attempts.c[name] for name in (*Key.__dataclass_fields__, *_KEPT)]
        query = sa.select(*columns).where(attempts.c.exercise.in_(names)).order_by(attempts.c.id)
        found: dict[Key, tuple[Any, ...]] = {}
        newest: dict[tuple[str, str], Key] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                key = Key(*row[: -len(_KEPT)])
                newest[key.learner, key.exercise] = key
                if key in wanted:
                    found[key] = row[-len(_KEPT) :]
        return {
            key: Kept(number, turn, status, _utc(moment), deduction, newest[key.learner, key.exercise] == key)
            for key, (number, turn, status, moment, deduction) in found.items()
        }

    def add(
        self,
        key: Key,
        card: Mapping[str, Any],
        *,
        turn: int = 0,
        submitted_at: datetime | None = None,
        deduction: float = 0.0,
        seconds: float = 0.0,
    ) -> bool:
        """Keep a scorecard (as JSON-ready data) with its key; False if another grader was first to do so."""
        row = {
            **{name: getattr(key, name) for name in Key.__dataclass_fields__},
            "turn": turn,
            "isolation": card["isolation"],
            "status": card["status"],
            "reason": card["reason"],
            "score": card["score"],
            "max_score": card["max_score"],
            "submitted_at": submitted_at,
            "deduction": deduction,
            "graded_at": datetime.now(UTC),
            "seconds": seconds,
            "card": json.dumps(card, allow_nan=False),
        }
        try:
            with self._engine.begin() as connection:
                made = connection.execute(sa.insert(attempts).values(row)).inserted_primary_key
                assert made is not None
                connection.execute(
                    sa.insert(results),
                    [
                        {
                            "attempt": made[0],
                            "check_id": check["id"],
                            "topic": check["topic"],
                            "outcome": check["outcome"],
                            "points": check["points"],
                            "found": None if check["found"] is None else check["found"][:LONGEST_FOUND],
                        }
                        for check in card["checks"]
                    ],
                )
        except IntegrityError:
            return False
        return True

    def relate(self, attempt: int, *, submitted_at: datetime | None, deduction: float) -> None:
        """Say anew when an attempt's work was handed in, and what that costs."""
        row = sa.update(attempts).where(attempts.c.id == attempt)
        with self._engine.begin() as connection:
            connection.execute(row.values(submitted_at=submitted_at, deduction=deduction))

    def history(self, *, learner: str | None = None, exercise: str | None = None) -> tuple[Attempt, ...]:
        """All attempts, oldest first."""
        query = sa.select(*_SUMMARY).order_by(attempts.c.id)
        if learner is not None:
            query = query.where(attempts.c.learner == learner)
        if exercise is not None:
            query = query.where(attempts.c.exercise == exercise)
        with self._engine.connect() as connection:
            return tuple(_attempt(row) for row in connection.execute(query).mappings())

    def current(self, exercises: Sequence[str] | None = None) -> tuple[Attempt, ...]:
        """Of each learner and exercise the attempt that counts: the newest."""
        query = sa.select(*_SUMMARY).where(attempts.c.id.in_(_newest(exercises)))
        query = query.order_by(attempts.c.learner, attempts.c.exercise)
        with self._engine.connect() as connection:
            return tuple(_attempt(row) for row in connection.execute(query).mappings())

    def outcomes(self, exercises: Sequence[str] | None = None) -> list[tuple[int, str, str, str, int, str | None]]:
        """Of the attempts that count each check: attempt, check, topic, outcome, points, and what was found."""
        query = sa.select(results).where(results.c.attempt.in_(_newest(exercises)))
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]  # type: ignore[misc]

    def figures(self, exercises: Sequence[str] | None = None, *, outcomes: bool = False) -> figures.Figures:
        """What class reports are made from, all of the same moment; with ``outcomes`` each check of each learner."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's transactions see one moment anyway
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            return figures.read(connection, exercises, outcomes=outcomes)

    def card(self, attempt: int) -> dict[str, Any]:
        """The whole scorecard of an attempt."""
        with self._engine.connect() as connection:
            text = connection.execute(sa.select(attempts.c.card).where(attempts.c.id == attempt)).scalar_one()
        told: dict[str, Any] = json.loads(text)
        return told

    def override(self, learner: str, exercise: str, score: float | None, *, author: str, reason: str) -> None:
        """Give a mark by hand, or take that back (``score`` None). The machine's mark stays beside it."""
        who, why = one_line(author, LONGEST_AUTHOR), clean(reason, LONGEST_REASON)
        row = {"learner": learner, "exercise": exercise, "score": score, "author": who, "reason": why}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(overrides).values(**row, made_at=datetime.now(UTC)))

    def overridden(self) -> dict[tuple[str, str], Override]:
        """The overrides that hold, by learner and exercise."""
        found: dict[tuple[str, str], Override] = {}
        for given in self.all_overrides():
            found.pop((given.learner, given.exercise), None)
            if given.score is not None:
                found[given.learner, given.exercise] = given
        return found

    def all_overrides(self) -> tuple[Override, ...]:
        """Every override ever given or taken back, oldest first."""
        query = sa.select(overrides).order_by(overrides.c.id)
        with self._engine.connect() as connection:
            return tuple(
                Override(**{**{k: v for k, v in row.items() if k != "id"}, "made_at": _utc(row["made_at"])})
                for row in connection.execute(query).mappings()
            )

    def setting(self, name: str, otherwise: str) -> str:
        """The setting of that name, which is ``otherwise`` from now on if there was none."""
        query = sa.select(settings.c.value).where(settings.c.name == name)
        with contextlib.suppress(IntegrityError), self._engine.begin() as connection:
            if connection.execute(query).first() is None:
                connection.execute(sa.insert(settings).values(name=name, value=otherwise))
        with self._engine.connect() as connection:
            return str(connection.execute(query).scalar_one())


_KEPT = ("id", "turn", "status", "submitted_at", "deduction")
_SUMMARY = tuple(column for column in attempts.c if column.name != "card")
"""What lists of attempts need: all but the scorecards, which are long."""


def _newest(exercises: Sequence[str] | None) -> sa.Select[tuple[int]]:
    """The ids of the attempts that count, of these exercises or of all."""
    newest = sa.select(sa.func.max(attempts.c.id)).group_by(attempts.c.exercise, attempts.c.learner)
    return newest if exercises is None else newest.where(attempts.c.exercise.in_(exercises))


def _attempt(row: Mapping[Any, Any]) -> Attempt:
    key = Key(**{name: row[name] for name in Key.__dataclass_fields__})
    rest = {name: row[name] for name in Attempt.__dataclass_fields__ if name != "key"}
    return Attempt(
        key=key, **{**rest, "submitted_at": _utc(rest["submitted_at"]), "graded_at": _utc(rest["graded_at"])}
    )


def _utc(moment: Any) -> Any:
    """SQLite forgets the time zone, which is always this one."""
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment


def url_of(place: str) -> URL:
    """The database's URL: the place itself if it is one, else SQLite's for a file of just that name.

    Raises ArgumentError when the place looks like a URL and is none, ValueError when no file can have that name.
    """
    if _URL.match(place):
        return make_url(place)
    path = Path(place).absolute()
    if b"\0" in os.fsencode(path):
        raise ValueError("no file's name holds a NUL character")
    return URL.create("sqlite", database=str(path))


def shown(place: str) -> str:
    """The place as it may be printed: a URL without its password."""
    return url_of(place).render_as_string(hide_password=True) if _URL.match(place) else place


@contextlib.contextmanager
def opened(place: str = DEFAULT, *, create: bool = True) -> Iterator[Gradebook]:
    """The gradebook at ``place``, a file or a database's URL, brought up to date first.

    Raises BadInput when it can't be opened, is no gradebook, or was made by a newer version of the project; and with
    ``create=False`` when there is none.
    """
    named = place
    try:
        url, named = url_of(place), shown(place)
        is_file = url.get_backend_name() == "sqlite"
        if is_file and not create and not Path(str(url.database)).exists():
            raise BadInput(f"There is no gradebook {named}: grade a class first, or name another with --gradebook.")
        engine = _engine(url, is_file)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError, ValueError) as error:
        raise BadInput(
            f"{named} is no gradebook's address ({_first_line(error)}): name a file, or a URL such as "
            "postgresql+psycopg://user@host/database (with the project's extra 'postgres')."
        ) from error
    try:
        try:
            with engine.begin() as connection:
                _upgrade(connection, named)
        except DBAPIError as error:
            why = _first_line(error.orig or error)
            raise BadInput(f"The gradebook {named} can't be opened: {why}.") from error
        yield Gradebook(engine)
    finally:
        engine.dispose()


def _engine(url: Any, is_file: bool) -> Engine:
    if not is_file:
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    # SQLAlchemy documentation, "Serializable isolation / Savepoints / Transactional DDL": the driver begins
    # transactions late and commits them early unless it is kept from both.
    @sa.event.listens_for(engine, "connect")
    def _plain(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            _patiently(connection, f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Whoever may write later waits now: two that began by reading could not both go on to write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _patiently(connection: Any, statement: str) -> None:
    """Change a setting for which SQLite itself waits for nobody: two that open a new file both want to."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _upgrade(connection: Connection, shown: str) -> None:
    """Bring the tables up to date, with no other grader at it at the same time."""
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found == scripts.get_current_head():
        return
    if found is not None and found not in known:
        raise BadInput(f"The gradebook {shown} was written by a newer version of the grader: update this one.")
    there = set(sa.inspect(connection).get_table_names()) if found is None else set()
    # A server's database may be shared with other programs. A file is one program's.
    if there & {"attempts", "results", "overrides"} or (there and connection.dialect.name == "sqlite"):
        raise BadInput(f"The database {shown} has tables of other making: name an empty one.")
    command.upgrade(config, "head")


def _first_line(error: object) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__


__all__ = ["Attempt", "Gradebook", "Key", "Override", "opened", "url_of"]
