"""The journal, which only grows, and what follows from it: accounts, permissions, protection, relations, custody."""

import sqlalchemy as sa
from alembic import op

from repository.catalogue.text import Words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORD, NUMBER, BODY, OCTETS = Words, sa.BigInteger, sa.Text, sa.LargeBinary
# name → columns (the first `keys` of them are the primary key), keys, whether it is one B-tree in SQLite
TABLES = {
    "journal": ("number:n kind:w at:w outcome:w body:b record:o log_index:n", 1, False),
    "journal_bundle": (
        "first:n last:n key:w version:w size:n record_key:w header_sha256:o description_sha256:o",
        1,
        True,
    ),
    "account": (
        """number:n at:w door:w actor_kind:w actor:w surname_folded:w organisation_key:w purpose:w operation:w
        takeover:w patient:n ordinal:n study_key:w document_key:w outcome:w reason:w review:w""",
        1,
        False,
    ),
    "account_patient": ("number:n takeover:w patient:n", 3, True),
    "permission": (
        "id:w edition:n kind:w takeover:w patient_key:w grantee_key:w body:b recorded_at:w ended_at:w end_reason:w",
        2,
        False,
    ),
    "protection": ("id:w patient_key:w takeover:w since:w until:w", 1, True),
    "relation": ("id:w kind:w person_key:w patient_key:w body:b since:w until:w", 1, False),
    "after_death": ("patient_key:w body:b", 1, True),
    "custody": ("takeover:w since:w until:w body:b", 2, True),
    "leave": ("id:w kind:w person:w takeover:w given_by:w since:w until:w body:b", 1, False),
    "first_copy": ("patient_key:w scope_key:w number:n", 2, True),
}
INDEXES = (
    ("ix_journal_kind", "journal", "kind number"),
    ("ix_account_at", "account", "at number"),
    ("ix_account_actor", "account", "actor number"),
    ("ix_account_patient", "account", "takeover patient number"),
    ("ix_account_review", "account", "review number"),
    ("ix_account_patient_shown", "account_patient", "takeover patient number"),
    ("ix_permission_patient", "permission", "patient_key grantee_key"),
    ("ix_permission_takeover", "permission", "takeover patient_key grantee_key"),
    ("ix_permission_grantee", "permission", "grantee_key ended_at"),
    ("ix_permission_kind", "permission", "kind"),
    ("ix_protection_patient", "protection", "patient_key"),
    ("ix_protection_takeover", "protection", "takeover"),
    ("ix_relation_person", "relation", "person_key patient_key"),
    ("ix_leave_person", "leave", "person kind"),
)
TAKEN = "EXISTS (SELECT 1 FROM journal WHERE number = NEW.number OR log_index = NEW.log_index)"
BUNDLED = 'EXISTS (SELECT 1 FROM journal_bundle WHERE "first" = NEW."first")'
KINDS = {"n": NUMBER, "w": WORD, "b": BODY, "o": OCTETS}


def upgrade() -> None:
    for table, (columns, keys, narrow) in TABLES.items():
        made = []
        for place, (name, kind) in enumerate(each.split(":") for each in columns.split()):
            made.append(sa.Column(name, KINDS[kind](), nullable=False, autoincrement=place >= keys))  # ours to allot
        key = sa.PrimaryKeyConstraint(*(column.name for column in made[:keys]), name=op.f(f"pk_{table}"))
        op.create_table(table, *made, key, sqlite_with_rowid=not narrow)
    op.create_index("ux_journal_log_index", "journal", ["log_index"], unique=True)
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns.split(), unique=False)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in ("journal", "journal_bundle"):
        for verb in ("update", "delete"):
            _refuse(f"{table}_{verb}", table, verb, sqlite=sqlite)
    if (
        sqlite
    ):  # INSERT OR REPLACE deletes without asking the trigger for DELETE (https://www.sqlite.org/lang_conflict.html)
        _refuse("journal_replace", "journal", "insert", sqlite=True, when=TAKEN)
        _refuse("journal_bundle_replace", "journal_bundle", "insert", sqlite=True, when=BUNDLED)


def _refuse(name: str, table: str, verb: str, *, sqlite: bool, when: str = "") -> None:
    condition = f"WHEN ({when})" if when else ""
    body = f"BEGIN SELECT RAISE(ABORT, '{name}'); END" if sqlite else "EXECUTE FUNCTION archive_refuse()"
    op.execute(f"CREATE TRIGGER {name} BEFORE {verb.upper()} ON {table} FOR EACH ROW {condition} {body}")
