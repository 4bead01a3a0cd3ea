"""Local accounts, tries to sign in, and sessions."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("account", Words(), nullable=False),
        sa.Column("name", Words(), nullable=True),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("given_name", Words(), nullable=False),
        sa.Column("surname", Words(), nullable=False),
        sa.Column("role", Words(), nullable=False),
        sa.Column("npwz", Words(), nullable=False),
        sa.Column("identifier_root", Words(), nullable=True),
        sa.Column("identifier_extension", Words(), nullable=True),
        sa.Column("organisation_root", Words(), nullable=True),
        sa.Column("organisation_extension", Words(), nullable=True),
        sa.Column("organisation_name", Words(), nullable=False),
        sa.Column("organisation_role", Words(), nullable=False),
        sa.Column("state", Words(), nullable=False),
        sa.Column("invitation", sa.LargeBinary(), nullable=True),
        sa.Column("invitation_until", Words(), nullable=False),
        sa.Column("invited_at", Words(), nullable=False),
        sa.Column("invited_by", Words(), nullable=False),
        sa.Column("accepted_at", Words(), nullable=False),
        sa.Column("revoked_at", Words(), nullable=False),
        sa.Column("revoked_by", Words(), nullable=False),
        sa.Column("password", Words(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_person")),
    )
    op.create_index("ux_person_name", "person", ["name"], unique=True)
    op.create_index("ux_person_invitation", "person", ["invitation"], unique=True)
    op.create_table(
        "person_attempt",
        sa.Column("key", Words(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("locked_until", Words(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_person_attempt")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person_session",
        sa.Column("id", Words(), nullable=False),
        sa.Column("account", Words(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("assurance", Words(), nullable=False),
        sa.Column("opened_at", Words(), nullable=False),
        sa.Column("until", Words(), nullable=False),
        sa.Column("idle_seconds", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", Words(), nullable=False),
        sa.Column("ended_at", Words(), nullable=False),
        sa.Column("ended_by", Words(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["person.account"], name=op.f("fk_person_session_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_session")),
    )
    op.create_index("ux_person_session_token", "person_session", ["token"], unique=True)
    op.create_index("ix_person_session_account", "person_session", ["account", "ended_at"], unique=False)
