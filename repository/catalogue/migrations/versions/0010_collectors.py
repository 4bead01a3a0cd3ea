"""How far each audit collector is."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collector",
        sa.Column("name", Words(), nullable=False),
        sa.Column("last_sent", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", Words(), nullable=False),
        sa.Column("failed_at", Words(), nullable=False),
        sa.Column("failure", Words(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_collector")),
        sqlite_with_rowid=False,
    )
