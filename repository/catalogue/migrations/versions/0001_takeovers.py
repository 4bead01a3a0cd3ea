"""Archive facts, takeovers, producers and the items of their packages."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("name", Words(), nullable=False),
        sa.Column("value", Words(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_archive")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "takeover",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("package", Words(), nullable=False),
        sa.Column("fingerprint", Words(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("opened_at", Words(), nullable=False),
        sa.Column("closed_at", Words(), nullable=False),
        sa.Column("cessation_date", Words(), nullable=False),
        sa.Column("legal_basis", Words(), nullable=False),
        sa.Column("route", Words(), nullable=True),
        sa.Column("declared_counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_takeover")),
    )
    op.create_index("ux_takeover_fingerprint", "takeover", ["fingerprint"], unique=True)
    op.create_index("ux_takeover_id", "takeover", ["id"], unique=True)
    op.create_table(
        "item",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", Words(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("declared_size", sa.BigInteger(), nullable=False),
        sa.Column("declared_digests", sa.Text(), nullable=False),
        sa.Column("disposition", Words(), nullable=False),
        sa.Column("duplicate_of", sa.BigInteger(), nullable=False),
        sa.Column("conflicts_with", sa.BigInteger(), nullable=False),
        sa.Column("reason", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_item_takeover")),
        sa.PrimaryKeyConstraint("takeover", "ordinal", name=op.f("pk_item")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_item_disposition", "item", ["takeover", "disposition", "ordinal"], unique=False)
    op.create_table(
        "producer",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("rpwdl_book", Words(), nullable=False),
        sa.Column("regon", Words(), nullable=False),
        sa.Column("nip", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_producer_takeover")),
        sa.PrimaryKeyConstraint("takeover", "role", name=op.f("pk_producer")),
        sqlite_with_rowid=False,
    )
