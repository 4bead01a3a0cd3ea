"""Storage commitments (DICOM PS3.4 J): asked of the archive, and by it."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "commitment",
        sa.Column("id", Words(), nullable=False),
        sa.Column("side", Words(), nullable=False),
        sa.Column("peer", Words(), nullable=False),
        sa.Column("title", Words(), nullable=False),
        sa.Column("transaction_uid", Words(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("takeovers", sa.Text(), nullable=False),
        sa.Column("instances", sa.Text(), nullable=False),
        sa.Column("failures", sa.Text(), nullable=False),
        sa.Column("asked_at", Words(), nullable=False),
        sa.Column("settled_at", Words(), nullable=False),
        sa.Column("told_at", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commitment")),
    )
    op.create_index("ux_commitment_transaction", "commitment", ["side", "peer", "transaction_uid"], unique=True)
    op.create_index("ix_commitment_state", "commitment", ["state", "asked_at"], unique=False)
