"""How far each audit collector is. Rows are few, and say nothing of what was sent."""

from sqlalchemy import Table

from repository.catalogue.tables import NARROW, big, metadata, name_part, words

# `sent_at` and `failed_at` are empty before the first time; `failure` is a code, empty once it is over.
collector = Table(
    "collector", metadata, name_part("name"), big("last_sent"), words("sent_at"), words("failed_at"), words("failure"),
    **NARROW,
)  # fmt: skip
