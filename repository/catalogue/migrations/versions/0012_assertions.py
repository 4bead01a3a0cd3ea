"""Which client assertions were used."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "client_assertion",
        sa.Column("key", Words(), nullable=False),
        sa.Column("until", Words(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_client_assertion")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_client_assertion_until", "client_assertion", ["until"], unique=False)
