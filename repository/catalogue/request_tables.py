"""Answers to requests that were sent with a key, so that the same request twice is one (`requests_once.py`)."""

from sqlalchemy import Index, Table

from repository.catalogue.tables import NARROW, big, json_of, metadata, name_part, words

# `key` is a SHA-256 over the caller and the key that the caller chose: neither is kept.
request_once = Table(
    "request_once", metadata, name_part("key"), words("asked"), words("until"), big("status"), json_of("answer"),
    Index("ix_request_once_until", "until"), **NARROW,
)  # fmt: skip
