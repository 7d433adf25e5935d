"""The gradebook's tables, as SQLAlchemy knows them. ``migrations/`` brings a database to them, whatever its age.

A learner is a short text that the roster knows (``learner``): names and e-mails are not kept here.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("learner", String(200), nullable=False),
    Column("exercise", String(40), nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the submission's bytes"),
    Column("suite_version", String(80), nullable=False),
    Column("grader_version", String(40), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column(
        "turn",
        Integer,
        nullable=False,
        comment="0, and higher for the same once more: graded or handed in again",
    ),
    Column("isolation", String(20)),
    Column("status", String(20), nullable=False, comment="graded or not_graded"),
    Column("reason", Text, comment="why not graded"),
    Column("score", Integer, comment="points, null when not graded"),
    Column("max_score", Integer, nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Column("deduction", Float, nullable=False, comment="share of the score taken off for being late, 0 to 1"),
    Column("graded_at", DateTime(timezone=True), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("card", Text, nullable=False, comment="the scorecard, docs/scorecard.md"),
    UniqueConstraint("learner", "exercise", "sha256", "suite_version", "grader_version", "seed", "turn"),
    Index("attempts_of_exercise", "exercise", "learner", "id"),
)

results = Table(
    "results",
    metadata,
    Column("attempt", Integer, ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True),
    Column("check_id", String(80), primary_key=True),
    Column("topic", String(40), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("points", Integer, nullable=False),
    Column("found", Text),
)

overrides = Table(
    "overrides",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("learner", String(200), nullable=False),
    Column("exercise", String(40), nullable=False),
    Column("score", Float, comment="points; null takes an earlier override back"),
    Column("author", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index("overrides_of_exercise", "exercise", "learner", "id"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)
