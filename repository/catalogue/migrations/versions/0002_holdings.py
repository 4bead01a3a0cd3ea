"""Patients, stored objects, holdings and findings."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_finding_takeover")),
        sa.PrimaryKeyConstraint("takeover", "ordinal", "position", "digest", name=op.f("pk_finding")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "patient",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("name_from", sa.BigInteger(), nullable=False),
        sa.Column("birth_date", Words(), nullable=False),
        sa.Column("birth_key", Words(), nullable=False),
        sa.Column("birth_from", sa.BigInteger(), nullable=False),
        sa.Column("sex", Words(), nullable=False),
        sa.Column("sex_from", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_patient_takeover")),
        sa.PrimaryKeyConstraint("takeover", "number", name=op.f("pk_patient")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patient_birth", "patient", ["birth_key", "takeover", "number"], unique=False)
    op.create_table(
        "patient_identifier",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("extension_key", Words(), nullable=False),
        sa.Column("root_key", Words(), nullable=False),
        sa.Column("root", Words(), nullable=False),
        sa.Column("extension", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_patient_identifier_takeover")),
        sa.PrimaryKeyConstraint("takeover", "number", "extension_key", "root_key", name=op.f("pk_patient_identifier")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_patient_identifier_extension", "patient_identifier", ["extension_key", "takeover", "number"], unique=False
    )
    op.create_table(
        "patient_name",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_folded", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_patient_name_takeover")),
        sa.PrimaryKeyConstraint("takeover", "number", "name_folded", name=op.f("pk_patient_name")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_patient_name_folded", "patient_name", ["name_folded", "takeover", "number"], unique=False)
    op.create_table(
        "record_key",
        sa.Column("id", Words(), nullable=False),
        sa.Column("takeover", sa.BigInteger(), nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_record_key_takeover")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_key")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_key_epoch", "record_key", ["epoch"], unique=False)
    op.create_index("ix_record_key_patient", "record_key", ["takeover", "patient"], unique=False)
    op.create_table(
        "shared_facts",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_shared_facts_takeover")),
        sa.PrimaryKeyConstraint("takeover", "digest", name=op.f("pk_shared_facts")),
    )
    op.create_table(
        "stored_object",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_id", Words(), nullable=False),
        sa.Column("key", Words(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("version", Words(), nullable=False),
        sa.Column("record_key", Words(), nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("header_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("description_offset", sa.BigInteger(), nullable=False),
        sa.Column("description_length", sa.BigInteger(), nullable=False),
        sa.Column("description_sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_stored_object_takeover")),
        sa.PrimaryKeyConstraint("takeover", "object_id", name=op.f("pk_stored_object")),
    )
    op.create_table(
        "holding",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", Words(), nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("object_id", Words(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("received_at", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("media_type", Words(), nullable=False),
        sa.Column("disposition", Words(), nullable=False),
        sa.Column("conflicts_with", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["takeover", "object_id"],
            ["stored_object.takeover", "stored_object.object_id"],
            name=op.f("fk_holding_stored_object"),
        ),
        sa.PrimaryKeyConstraint("takeover", "ordinal", name=op.f("pk_holding")),
    )
    op.create_index("ix_holding_patient", "holding", ["takeover", "patient", "ordinal"], unique=False)
    op.create_index("ix_holding_sha256", "holding", ["sha256", "takeover"], unique=False)
    op.create_index("ux_holding_place", "holding", ["takeover", "object_id", "offset"], unique=True)
