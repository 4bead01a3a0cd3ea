"""The evidence log, custody events and checkpoints."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", Words(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_entry",
        sa.Column("index", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("claimed", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_entry")),
    )
    op.create_index(
        "ix_log_entry_unclaimed",
        "log_entry",
        ["entry"],
        unique=False,
        postgresql_where=sa.text("claimed = 0"),
        sqlite_where=sa.text("claimed = 0"),
    )
    op.create_table(
        "custody_event",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("at", Words(), nullable=False),
        sa.Column("outcome", Words(), nullable=False),
        sa.Column("detail", Words(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_custody_event_takeover")),
        sa.PrimaryKeyConstraint("takeover", "entry", name=op.f("pk_custody_event")),
    )
    op.create_index("ix_custody_event_log", "custody_event", ["takeover", "log_index"], unique=False)
