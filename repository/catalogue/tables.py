"""The tables. Keys start with the takeover, which is the partition; docs/catalogue.md tells how they grow.

`B-tree first` columns hold `text.key(...)`: bounded, so that no dirty value can break an index.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from repository.catalogue.attributes import INSTANCE, SERIES, STUDY, column
from repository.catalogue.text import Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)
NARROW: dict[str, Any] = {"sqlite_with_rowid": False}  # one B-tree instead of two, where rows are well under a page


def big(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def part(name: str) -> Column[int]:
    """A column of the primary key; numbers are allotted by the archive, never by the engine."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Words, nullable=nullable)


def late_words(name: str) -> Column[str]:
    """Words that were added to a table with rows in it: SQLite takes such a column with a default alone."""
    return Column(name, Words, nullable=False, server_default="")


def json_of(name: str) -> Column[str]:
    """Canonical JSON as `text.packed` makes it, escapes and all."""
    return Column(name, Text, nullable=False)


def name_part(name: str) -> Column[str]:
    return Column(name, Words, primary_key=True)


def octets(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable)


def of_takeover() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["takeover"], ["takeover.number"])


archive = Table("archive", metadata, name_part("name"), words("value"), **NARROW)

takeover = Table(
    "takeover", metadata, part("number"), words("id"), words("state"), words("package"), words("fingerprint"),
    Column("declared", Boolean, nullable=False), words("opened_at"), words("closed_at"), words("cessation_date"),
    words("legal_basis"), words("route", nullable=True), json_of("declared_counts"),
    Index("ux_takeover_id", "id", unique=True), Index("ux_takeover_fingerprint", "fingerprint", unique=True),
)  # fmt: skip

producer = Table(
    "producer", metadata, part("takeover"), name_part("role"), words("name"), words("rpwdl_book"), words("regon"),
    words("nip"), of_takeover(), **NARROW,
)  # fmt: skip

item = Table(
    "item", metadata, part("takeover"), part("ordinal"), words("path"), big("size"),
    Column("declared", Boolean, nullable=False), big("declared_size"), json_of("declared_digests"),
    words("disposition"), big("duplicate_of"), big("conflicts_with"), words("reason"), of_takeover(),
    Index("ix_item_disposition", "takeover", "disposition", "ordinal"), **NARROW,
)  # fmt: skip

patient = Table(
    "patient", metadata, part("takeover"), part("number"), words("name"), big("name_from"),
    words("birth_date"), words("birth_key"), big("birth_from"), words("sex"), big("sex_from"), of_takeover(),
    Index("ix_patient_birth", "birth_key", "takeover", "number"), **NARROW,
)  # fmt: skip

# Every name and identifier that a holding of the patient carries: found by all of them, known by the first.
patient_name = Table(
    "patient_name", metadata, part("takeover"), part("number"), name_part("name_folded"), of_takeover(),
    Index("ix_patient_name_folded", "name_folded", "takeover", "number"), **NARROW,
)  # fmt: skip

# The words of every name that is said in the takeover, of whomever: how they are spelt, and how they sound.
name_word = Table(
    "name_word", metadata, part("takeover"), name_part("name_folded"), name_part("word"), words("sound"), of_takeover(),
    Index("ix_name_word_word", "word", "takeover", "name_folded"),
    Index("ix_name_word_sound", "sound", "takeover", "name_folded"), **NARROW,
)  # fmt: skip

patient_identifier = Table(
    "patient_identifier", metadata, part("takeover"), part("number"), name_part("extension_key"), name_part("root_key"),
    words("root"), words("extension"), of_takeover(),
    Index("ix_patient_identifier_extension", "extension_key", "takeover", "number"), **NARROW,
)  # fmt: skip

record_key = Table(
    "record_key", metadata, name_part("id"), big("takeover"), big("patient"), big("epoch"), of_takeover(),
    Index("ix_record_key_patient", "takeover", "patient"), Index("ix_record_key_epoch", "epoch"), **NARROW,
)  # fmt: skip

stored_object = Table(
    "stored_object", metadata, part("takeover"), name_part("object_id"), words("key"), big("size"), words("version"),
    words("record_key"), big("patient"), octets("header_sha256"), big("description_offset"),
    big("description_length"), octets("description_sha256"), of_takeover(),
)  # fmt: skip

shared_facts = Table(
    "shared_facts", metadata, part("takeover"), Column("digest", LargeBinary, primary_key=True), json_of("body"),
    of_takeover(),
)  # fmt: skip

holding = Table(
    "holding", metadata, part("takeover"), part("ordinal"), words("path"), big("patient"), big("size"),
    octets("sha256"), octets("sealed_sha256"), words("object_id"), big("offset"), big("length"), octets("record"),
    big("log_index"), words("received_at"), words("kind"), words("media_type"), words("disposition"),
    big("conflicts_with"), octets("facts", nullable=True),
    ForeignKeyConstraint(["takeover", "object_id"], ["stored_object.takeover", "stored_object.object_id"]),
    Index("ux_holding_place", "takeover", "object_id", "offset", unique=True),
    Index("ix_holding_sha256", "sha256", "takeover"),
    Index("ix_holding_patient", "takeover", "patient", "ordinal"),
)  # fmt: skip

finding = Table(
    "finding", metadata, part("takeover"), part("ordinal"), part("position"),
    Column("digest", LargeBinary, primary_key=True), words("code"), words("subject"), json_of("params"), of_takeover(),
    **NARROW,
)  # fmt: skip

study = Table(
    "study", metadata, part("takeover"), part("patient"), name_part("study_instance_uid"), big("first_ordinal"),
    *(words(column(keyword)) for keyword in STUDY), words("study_date_key"),
    words("referring_physician_folded"), of_takeover(),
    Index("ix_study_uid", "study_instance_uid", "takeover", "patient"),
    Index("ix_study_date", "study_date_key", "takeover", "patient"),
    Index("ix_study_accession", "accession_number", "takeover", "patient"),
)  # fmt: skip

series = Table(
    "series", metadata, part("takeover"), part("patient"), name_part("study_instance_uid"),
    name_part("series_instance_uid"), big("first_ordinal"), *(words(column(keyword)) for keyword in SERIES),
    of_takeover(), Index("ix_series_uid", "series_instance_uid", "takeover", "patient"),
    Index("ix_series_study", "study_instance_uid", "takeover", "patient"),
)  # fmt: skip

instance = Table(
    "instance", metadata, part("takeover"), part("ordinal"), big("patient"), words("study_instance_uid"),
    words("series_instance_uid"), words("sop_instance_uid"), words("sop_class_uid"), words("transfer_syntax_uid"),
    *(words(column(keyword), nullable=True) for keyword in INSTANCE), json_of("rest"),
    ForeignKeyConstraint(["takeover", "ordinal"], ["holding.takeover", "holding.ordinal"]),
    Index("ix_instance_sop", "sop_instance_uid", "takeover", "ordinal"),
    Index("ix_instance_series", "series_instance_uid", "takeover", "patient"),
)  # fmt: skip

document = Table(
    "document", metadata, part("takeover"), part("ordinal"), big("patient"), words("identifier_key"),
    words("extension_key"), words("root"), words("extension"), words("set_key", nullable=True),
    words("set_root", nullable=True), words("set_extension", nullable=True),
    words("version", nullable=True), words("template"), words("code"), words("class_code"), words("class_key"),
    words("title"), words("effective_time"), words("effective_key"), words("confidentiality"), words("language"),
    words("author"), words("author_root", nullable=True), words("author_extension", nullable=True),
    words("custodian_root", nullable=True), words("custodian_extension", nullable=True),
    words("replaces_root", nullable=True), words("replaces_extension", nullable=True),
    Column("signed", Boolean, nullable=False), late_words("author_folded"), words("author_key", nullable=True),
    octets("sha1", nullable=True), words("replaces_key", nullable=True),
    ForeignKeyConstraint(["takeover", "ordinal"], ["holding.takeover", "holding.ordinal"]),
    Index("ix_document_identifier", "identifier_key", "takeover", "ordinal"),
    Index("ix_document_extension", "extension_key", "takeover", "ordinal"),
    Index("ix_document_set", "set_key", "takeover", "ordinal"),
    Index("ix_document_class", "class_key", "takeover", "ordinal"),
    Index("ix_document_date", "effective_key", "takeover", "ordinal"),
    Index("ix_document_author", "author_folded", "takeover", "ordinal"),
    Index("ix_document_author_key", "author_key", "takeover", "ordinal"),
    Index("ix_document_replaces", "replaces_key", "takeover", "ordinal"),
)  # fmt: skip

document_study = Table(
    "document_study", metadata, part("takeover"), part("ordinal"), part("position"), words("study_instance_uid"),
    words("uid_key"), of_takeover(), Index("ix_document_study_uid", "uid_key", "takeover", "ordinal"), **NARROW,
)  # fmt: skip

medical_event = Table(
    "medical_event", metadata, part("takeover"), part("ordinal"), part("position"), words("kind"),
    words("identifier_key"), words("root"), words("extension"), words("code"), words("code_system"), words("start"),
    words("stop"), of_takeover(), Index("ix_medical_event_identifier", "identifier_key", "takeover", "ordinal"),
    **NARROW,
)  # fmt: skip

custody_event = Table(
    "custody_event", metadata, part("takeover"), Column("entry", LargeBinary, primary_key=True), words("kind"),
    words("at"), words("outcome"), words("detail"), big("ordinal"), octets("record"), big("log_index"),
    of_takeover(), Index("ix_custody_event_log", "takeover", "log_index"), Index("ix_custody_event_index", "log_index"),
)  # fmt: skip

log_entry = Table(
    "log_entry", metadata,
    Column("index", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    octets("entry"), Column("claimed", SmallInteger, nullable=False),
    # Entries read back from the log's tiles wait here until their holdings are recorded again (`rebuild`).
    Index("ix_log_entry_unclaimed", "entry", postgresql_where=text("claimed = 0"), sqlite_where=text("claimed = 0")),
)  # fmt: skip

checkpoint = Table(
    "checkpoint", metadata, part("size"), octets("root"), octets("note"), words("noted_at"), **NARROW,
)  # fmt: skip

job = Table(
    "job", metadata, Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    words("kind"), words("subject"), words("key"), words("state"), words("owner"), big("generation"), words("due_at"),
    big("attempts"), big("attempts_most"), words("code"), json_of("result"), big("done"), big("total"),
    words("enqueued_at"), words("changed_at"), Index("ux_job_key", "key", unique=True),
    Index("ix_job_due", "state", "due_at", "id"),
)  # fmt: skip

run = Table(
    "verification_run", metadata, name_part("id"), words("level"), json_of("scope"), words("state"), json_of("cursor"),
    json_of("counts"), words("opened_at"), words("advanced_at"), words("closed_at"),
    Index("ix_verification_run_opened", "opened_at", "id"),
)  # fmt: skip

run_finding = Table(
    "verification_finding", metadata, name_part("run"), Column("digest", LargeBinary, primary_key=True),
    words("code"), words("subject"), json_of("params"), ForeignKeyConstraint(["run"], ["verification_run.id"]),
    **NARROW,
)  # fmt: skip
