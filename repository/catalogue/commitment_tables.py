"""Storage commitments: asked of us by peers, and by us of peers (`commitments.py`)."""

from sqlalchemy import Index, Table

from repository.catalogue.tables import big, json_of, metadata, name_part, words

# `round`: how often the same was asked for; each has jobs of its own.
commitment = Table(
    "commitment", metadata, name_part("id"), words("side"), words("peer"), words("title"), words("transaction_uid"),
    words("state"), big("round"), json_of("takeovers"), json_of("instances"), json_of("failures"), words("asked_at"),
    words("settled_at"), words("told_at"),
    Index("ux_commitment_transaction", "side", "peer", "transaction_uid", unique=True),
    Index("ix_commitment_state", "state", "asked_at"),
)  # fmt: skip
