"""What holdings say of themselves: studies, series, instances, documents, medical events."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_study",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study_instance_uid", Words(), nullable=False),
        sa.Column("uid_key", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_document_study_takeover")),
        sa.PrimaryKeyConstraint("takeover", "ordinal", "position", name=op.f("pk_document_study")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_document_study_uid", "document_study", ["uid_key", "takeover", "ordinal"], unique=False)
    op.create_table(
        "medical_event",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("identifier_key", Words(), nullable=False),
        sa.Column("root", Words(), nullable=False),
        sa.Column("extension", Words(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("code_system", Words(), nullable=False),
        sa.Column("start", Words(), nullable=False),
        sa.Column("stop", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_medical_event_takeover")),
        sa.PrimaryKeyConstraint("takeover", "ordinal", "position", name=op.f("pk_medical_event")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_medical_event_identifier", "medical_event", ["identifier_key", "takeover", "ordinal"], unique=False
    )
    op.create_table(
        "series",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study_instance_uid", Words(), nullable=False),
        sa.Column("series_instance_uid", Words(), nullable=False),
        sa.Column("first_ordinal", sa.BigInteger(), nullable=False),
        sa.Column("modality", Words(), nullable=False),
        sa.Column("series_number", Words(), nullable=False),
        sa.Column("series_description", Words(), nullable=False),
        sa.Column("body_part_examined", Words(), nullable=False),
        sa.Column("laterality", Words(), nullable=False),
        sa.Column("series_date", Words(), nullable=False),
        sa.Column("series_time", Words(), nullable=False),
        sa.Column("protocol_name", Words(), nullable=False),
        sa.Column("station_name", Words(), nullable=False),
        sa.Column("manufacturer", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_series_takeover")),
        sa.PrimaryKeyConstraint(
            "takeover", "patient", "study_instance_uid", "series_instance_uid", name=op.f("pk_series")
        ),
    )
    op.create_index("ix_series_study", "series", ["study_instance_uid", "takeover", "patient"], unique=False)
    op.create_index("ix_series_uid", "series", ["series_instance_uid", "takeover", "patient"], unique=False)
    op.create_table(
        "study",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("study_instance_uid", Words(), nullable=False),
        sa.Column("first_ordinal", sa.BigInteger(), nullable=False),
        sa.Column("study_date", Words(), nullable=False),
        sa.Column("study_time", Words(), nullable=False),
        sa.Column("accession_number", Words(), nullable=False),
        sa.Column("study_id", Words(), nullable=False),
        sa.Column("study_description", Words(), nullable=False),
        sa.Column("referring_physician_name", Words(), nullable=False),
        sa.Column("patient_name", Words(), nullable=False),
        sa.Column("patient_id", Words(), nullable=False),
        sa.Column("issuer_of_patient_id", Words(), nullable=False),
        sa.Column("patient_birth_date", Words(), nullable=False),
        sa.Column("patient_sex", Words(), nullable=False),
        sa.Column("study_date_key", Words(), nullable=False),
        sa.Column("referring_physician_folded", Words(), nullable=False),
        sa.ForeignKeyConstraint(["takeover"], ["takeover.number"], name=op.f("fk_study_takeover")),
        sa.PrimaryKeyConstraint("takeover", "patient", "study_instance_uid", name=op.f("pk_study")),
    )
    op.create_index("ix_study_accession", "study", ["accession_number", "takeover", "patient"], unique=False)
    op.create_index("ix_study_date", "study", ["study_date_key", "takeover", "patient"], unique=False)
    op.create_index("ix_study_uid", "study", ["study_instance_uid", "takeover", "patient"], unique=False)
    op.create_table(
        "document",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("identifier_key", Words(), nullable=False),
        sa.Column("extension_key", Words(), nullable=False),
        sa.Column("root", Words(), nullable=False),
        sa.Column("extension", Words(), nullable=False),
        sa.Column("set_key", Words(), nullable=True),
        sa.Column("set_root", Words(), nullable=True),
        sa.Column("set_extension", Words(), nullable=True),
        sa.Column("version", Words(), nullable=True),
        sa.Column("template", Words(), nullable=False),
        sa.Column("code", Words(), nullable=False),
        sa.Column("class_code", Words(), nullable=False),
        sa.Column("class_key", Words(), nullable=False),
        sa.Column("title", Words(), nullable=False),
        sa.Column("effective_time", Words(), nullable=False),
        sa.Column("effective_key", Words(), nullable=False),
        sa.Column("confidentiality", Words(), nullable=False),
        sa.Column("language", Words(), nullable=False),
        sa.Column("author", Words(), nullable=False),
        sa.Column("author_root", Words(), nullable=True),
        sa.Column("author_extension", Words(), nullable=True),
        sa.Column("custodian_root", Words(), nullable=True),
        sa.Column("custodian_extension", Words(), nullable=True),
        sa.Column("replaces_root", Words(), nullable=True),
        sa.Column("replaces_extension", Words(), nullable=True),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["takeover", "ordinal"], ["holding.takeover", "holding.ordinal"], name=op.f("fk_document_holding")
        ),
        sa.PrimaryKeyConstraint("takeover", "ordinal", name=op.f("pk_document")),
    )
    op.create_index("ix_document_class", "document", ["class_key", "takeover", "ordinal"], unique=False)
    op.create_index("ix_document_date", "document", ["effective_key", "takeover", "ordinal"], unique=False)
    op.create_index("ix_document_extension", "document", ["extension_key", "takeover", "ordinal"], unique=False)
    op.create_index("ix_document_identifier", "document", ["identifier_key", "takeover", "ordinal"], unique=False)
    op.create_index("ix_document_set", "document", ["set_key", "takeover", "ordinal"], unique=False)
    op.create_table(
        "instance",
        sa.Column("takeover", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient", sa.BigInteger(), nullable=False),
        sa.Column("study_instance_uid", Words(), nullable=False),
        sa.Column("series_instance_uid", Words(), nullable=False),
        sa.Column("sop_instance_uid", Words(), nullable=False),
        sa.Column("sop_class_uid", Words(), nullable=False),
        sa.Column("transfer_syntax_uid", Words(), nullable=False),
        sa.Column("instance_number", Words(), nullable=True),
        sa.Column("rows", Words(), nullable=True),
        sa.Column("columns", Words(), nullable=True),
        sa.Column("bits_allocated", Words(), nullable=True),
        sa.Column("number_of_frames", Words(), nullable=True),
        sa.Column("content_date", Words(), nullable=True),
        sa.Column("content_time", Words(), nullable=True),
        sa.Column("rest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["takeover", "ordinal"], ["holding.takeover", "holding.ordinal"], name=op.f("fk_instance_holding")
        ),
        sa.PrimaryKeyConstraint("takeover", "ordinal", name=op.f("pk_instance")),
    )
    op.create_index("ix_instance_series", "instance", ["series_instance_uid", "takeover", "patient"], unique=False)
    op.create_index("ix_instance_sop", "instance", ["sop_instance_uid", "takeover", "ordinal"], unique=False)
