"""The journal and what follows from it: who may read what, and who has read.

The journal is the truth; every other table here is made from it, row by row, and made again by `rebuild`. It only ever
grows: the database refuses to change or delete a line. `takeover` is an id here and refers to nothing: a refused
attempt may name what does not exist.
"""

from sqlalchemy import Index, Table

from repository.catalogue.tables import NARROW, big, json_of, metadata, name_part, octets, part, words

journal = Table(
    "journal", metadata, part("number"), words("kind"), words("at"), words("outcome"), json_of("body"),
    octets("record"), big("log_index"), Index("ux_journal_log_index", "log_index", unique=True),
    Index("ix_journal_kind", "kind", "number"),
)  # fmt: skip

# Lines that are sealed in the object store as well, so that a lost catalogue loses none of them.
journal_bundle = Table(
    "journal_bundle", metadata, part("first"), big("last"), words("key"), words("version"), big("size"),
    words("record_key"), octets("header_sha256"), octets("description_sha256"), **NARROW,
)  # fmt: skip

account = Table(
    "account", metadata, part("number"), words("at"), words("door"), words("actor_kind"), words("actor"),
    words("surname_folded"), words("organisation_key"), words("purpose"), words("operation"), words("takeover"),
    big("patient"), big("ordinal"), words("study_key"), words("document_key"), words("outcome"), words("reason"),
    words("review"),  # empty, due or done
    Index("ix_account_at", "at", "number"), Index("ix_account_actor", "actor", "number"),
    Index("ix_account_patient", "takeover", "patient", "number"), Index("ix_account_review", "review", "number"),
)  # fmt: skip

# Whom a search has shown something of, for each account of one.
account_patient = Table(
    "account_patient", metadata, part("number"), name_part("takeover"), part("patient"),
    Index("ix_account_patient_shown", "takeover", "patient", "number"), **NARROW,
)  # fmt: skip

# One row for each edition. `patient_key` is empty for a grant over a whole takeover.
permission = Table(
    "permission", metadata, name_part("id"), part("edition"), words("kind"), words("takeover"), words("patient_key"),
    words("grantee_key"), json_of("body"), words("recorded_at"), words("ended_at"), words("end_reason"),
    Index("ix_permission_patient", "patient_key", "grantee_key"),
    Index("ix_permission_takeover", "takeover", "patient_key", "grantee_key"),
    Index("ix_permission_grantee", "grantee_key", "ended_at"), Index("ix_permission_kind", "kind"),
)  # fmt: skip

protection = Table(
    "protection", metadata, name_part("id"), words("patient_key"), words("takeover"), words("since"), words("until"),
    Index("ix_protection_patient", "patient_key"), Index("ix_protection_takeover", "takeover"), **NARROW,
)  # fmt: skip

relation = Table(
    "relation", metadata, name_part("id"), words("kind"), words("person_key"), words("patient_key"), json_of("body"),
    words("since"), words("until"), Index("ix_relation_person", "person_key", "patient_key"),
)  # fmt: skip

after_death = Table("after_death", metadata, name_part("patient_key"), json_of("body"), **NARROW)

custody = Table(
    "custody", metadata, name_part("takeover"), name_part("since"), words("until"), json_of("body"), **NARROW,
)  # fmt: skip

# Authorisations of the controller, approvals by a second person, and liftings that wait for one.
leave = Table(
    "leave", metadata, name_part("id"), words("kind"), words("person"), words("takeover"), words("given_by"),
    words("since"), words("until"), json_of("body"), Index("ix_leave_person", "person", "kind"),
)  # fmt: skip

first_copy = Table(
    "first_copy", metadata, name_part("patient_key"), name_part("scope_key"), big("number"), **NARROW,
)  # fmt: skip
