"""What an item is and says of itself, from its bytes: `identify`, `describe`, and the rooms `dicom/` and `xml/`.

Only reads. It never trusts a name, never changes a byte and never raises for what a file contains: what cannot be
understood is kept as it is, with findings. Codes and texts stand in `repository/findings/codes/{fmt,dcm,xml}.json`.
"""

HOSTILE: frozenset[str] = frozenset({"XML-001", "XML-002", "XML-003", "XML-004"})
"""Findings that name an attack on whoever parses the item: document type and entity declarations (entity bombs,
external entities), and nesting, element counts or attributes that no clinical document has. XML that is only
malformed, oddly encoded or large is not among them: it is kept."""
