"""What OpenAPI and the capabilities say of the parameters of a search."""

from typing import Any

from repository.catalogue.query import MOST, MOST_SKIPPED

_TEXT = {"type": "string", "maxLength": 8192}
PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "includefield",
        "in": "query",
        "description": "Further attributes to tell, by keyword or tag, with commas; or `all`.",
        "schema": {"type": "array", "items": _TEXT},
    },
    {
        "name": "fuzzymatching",
        "in": "query",
        "description": "Names match by their words, in any order, by their beginning and by their sound as well.",
        "schema": {"type": "string", "enum": ["true", "false"]},
    },
    {
        "name": "limit",
        "in": "query",
        "description": f"How many matches at most; never more than {MOST}.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 2**53},
    },
    {
        "name": "offset",
        "in": "query",
        "description": "How many matches to leave out first.",
        "schema": {"type": "integer", "minimum": 0, "maximum": MOST_SKIPPED},
    },
    *(
        {"name": name, "in": "query", "description": f"Matching key (PS3.4 C.2.2.2): {said}.", "schema": _TEXT}
        for name, said in (
            ("PatientName", "`*` and `?`, without case and diacritics"),
            ("PatientID", "`*` and `?`"),
            ("AccessionNumber", "`*` and `?`"),
            ("StudyInstanceUID", "one or several, with commas or backslashes"),
            ("ModalitiesInStudy", "one or several, with commas or backslashes"),
        )
    ),
]
