"""Which client assertions were used, until they would be refused for their age anyway (RFC 7523 §3, rule 7)."""

from sqlalchemy import Index, Table

from repository.catalogue.tables import NARROW, metadata, name_part, words

# `key` is a SHA-256 over client and `jti`: what a client chose to call its assertion is kept nowhere.
client_assertion = Table(
    "client_assertion", metadata, name_part("key"), words("until"),
    Index("ix_client_assertion_until", "until"), **NARROW,
)  # fmt: skip
