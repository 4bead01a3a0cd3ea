"""Where the metadata of each series lies (`repository/headers`). Derived, and made again where it is missing or the
series has grown: `instances` and `last_ordinal` say which of its images it tells of."""

from sqlalchemy import Table

from repository.catalogue.tables import NARROW, big, metadata, name_part, octets, of_takeover, part, words

series_header = Table(
    "series_header", metadata, part("takeover"), part("patient"), name_part("study_instance_uid"),
    name_part("series_instance_uid"), words("key"), big("size"), words("record_key"), big("offset"), big("length"),
    octets("sealed_sha256"), big("index_length"), big("instances"), big("last_ordinal"), octets("sha256"),
    of_takeover(), **NARROW,
)  # fmt: skip
