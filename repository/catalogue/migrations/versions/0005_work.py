"""Jobs and verification runs."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("key", Words(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("owner", Words(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("due_at", Words(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("attempts_most", sa.BigInteger(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("enqueued_at", Words(), nullable=False),
        sa.Column("changed_at", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_due", "job", ["state", "due_at", "id"], unique=False)
    op.create_index("ux_job_key", "job", ["key"], unique=True)
    op.create_table(
        "verification_run",
        sa.Column("id", Words(), nullable=False),
        sa.Column("level", Words(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("opened_at", Words(), nullable=False),
        sa.Column("advanced_at", Words(), nullable=False),
        sa.Column("closed_at", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_run")),
    )
    op.create_index("ix_verification_run_opened", "verification_run", ["opened_at", "id"], unique=False)
    op.create_table(
        "verification_finding",
        sa.Column("run", Words(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"], ["verification_run.id"], name=op.f("fk_verification_finding_verification_run")
        ),
        sa.PrimaryKeyConstraint("run", "digest", name=op.f("pk_verification_finding")),
        sqlite_with_rowid=False,
    )
