"""Answers to requests with a key; custody events by their place in the log."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request_once",
        sa.Column("key", Words(), nullable=False),
        sa.Column("asked", Words(), nullable=False),
        sa.Column("until", Words(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_request_once")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_request_once_until", "request_once", ["until"], unique=False)
    op.create_index("ix_custody_event_index", "custody_event", ["log_index"], unique=False)
