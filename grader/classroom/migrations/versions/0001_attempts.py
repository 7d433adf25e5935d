"""Attempts, the results of their checks, overrides and settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("learner", sa.String(200), nullable=False),
        sa.Column("exercise", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the submission's bytes"),
        sa.Column("suite_version", sa.String(80), nullable=False),
        sa.Column("grader_version", sa.String(40), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column(
            "turn",
            sa.Integer,
            nullable=False,
            comment="0, and higher for the same once more: graded or handed in again",
        ),
        sa.Column("isolation", sa.String(20)),
        sa.Column("status", sa.String(20), nullable=False, comment="graded or not_graded"),
        sa.Column("reason", sa.Text, comment="why not graded"),
        sa.Column("score", sa.Integer, comment="points, null when not graded"),
        sa.Column("max_score", sa.Integer, nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True)),
        sa.Column("deduction", sa.Float, nullable=False, comment="share of the score taken off for being late, 0 to 1"),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("card", sa.Text, nullable=False, comment="the scorecard, docs/scorecard.md"),
        sa.UniqueConstraint("learner", "exercise", "sha256", "suite_version", "grader_version", "seed", "turn"),
    )
    op.create_index("attempts_of_exercise", "attempts", ["exercise", "learner", "id"])
    op.create_table(
        "results",
        sa.Column("attempt", sa.Integer, sa.ForeignKey("attempts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("check_id", sa.String(80), primary_key=True),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("found", sa.Text),
    )
    op.create_table(
        "overrides",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("learner", sa.String(200), nullable=False),
        sa.Column("exercise", sa.String(40), nullable=False),
        sa.Column("score", sa.Float, comment="points; null takes an earlier override back"),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("overrides_of_exercise", "overrides", ["exercise", "learner", "id"])
    op.create_table(
        "settings",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for name in ("settings", "overrides", "results", "attempts"):
        op.drop_table(name)
