"""Where the metadata of each series lies, made ready to be given out."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "series_header",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study_instance_uid", Words(), nullable=False),
        sa.Column("series_instance_uid", Words(), nullable=False),
        sa.Column("key", Words(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("record_key", Words(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("sealed_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("index_length", sa.BigInteger(), nullable=False),
        sa.Column("instances", sa.BigInteger(), nullable=False),
        sa.Column("last_ordinal", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_series_header_takeover")),
        sa.PrimaryKeyConstraint(
            "takeover", "patient", "study_instance_uid", "series_instance_uid", name=op.f("pk_series_header")
        ),
        sqlite_with_rowid=False,
    )
