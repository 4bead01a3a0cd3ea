"""The tables of local accounts: people, their tries to sign in, and their sessions.

No secret stands here in the clear: of codes and tokens there is the SHA-256, of passwords an Argon2id hash, and TOTP
secrets are sealed under the archive's key ring.
"""

from sqlalchemy import ForeignKeyConstraint, Index, Table

from repository.catalogue.tables import NARROW, big, metadata, name_part, octets, words

person = Table(
    "person", metadata, name_part("account"), words("name", nullable=True), words("kind"), words("given_name"),
    words("surname"), words("role"), words("npwz"), words("identifier_root", nullable=True),
    words("identifier_extension", nullable=True), words("organisation_root", nullable=True),
    words("organisation_extension", nullable=True), words("organisation_name"), words("organisation_role"),
    words("state"), octets("invitation", nullable=True), words("invitation_until"), words("invited_at"),
    words("invited_by"), words("accepted_at"), words("revoked_at"), words("revoked_by"), words("password"),
    octets("totp", nullable=True), big("totp_step"), big("generation"),
    Index("ux_person_name", "name", unique=True), Index("ux_person_invitation", "invitation", unique=True),
)  # fmt: skip

# Names that nobody has share a few rows, so that a try for one costs what a try for an account costs, and no more.
person_attempt = Table(
    "person_attempt", metadata, name_part("key"), big("failures"), words("locked_until"), **NARROW,
)  # fmt: skip

person_session = Table(
    "person_session", metadata, name_part("id"), words("account"), octets("token"), words("assurance"),
    words("opened_at"), words("until"), big("idle_seconds"), words("touched_at"), words("ended_at"),
    words("ended_by"), ForeignKeyConstraint(["account"], ["person.account"]),
    Index("ux_person_session_token", "token", unique=True),
    Index("ix_person_session_account", "account", "ended_at"),
)  # fmt: skip
