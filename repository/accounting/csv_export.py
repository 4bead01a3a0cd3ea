"""Accounts as CSV (RFC 4180): a header, then a row for each, CRLF at each end, UTF-8.

A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab or a line end) gets an
apostrophe before it. A cell that begins with an apostrophe gets another, so that taking one away gives back the value.
"""

import csv
import io
from collections.abc import Iterable, Iterator

from repository.access.account import Account, as_body

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
LIST_SEPARATOR = " "
COLUMNS = (
    "number", "at", "day", "hour", "door", "kind", "id", "given_name", "surname", "role", "npwz", "organisation",
    "organisation_id_root", "organisation_id_extension", "method", "assurance", "proof", "purpose", "basis", "reason",
    "evidence", "operation", "takeover", "patient", "patient_name", "ordinal", "study", "document_root",
    "document_extension", "count", "outcome", "reasons", "rule", "duties", "rules", "manner", "identifier_root",
    "identifier_extension", "organisation_role", "identified_at", "identified_until", "query", "patients",
)  # fmt: skip


def csv_rows(accounts: Iterable[Account]) -> Iterator[bytes]:
    """The header, then one row at a time; an account is held no longer than its row is made."""
    yield _row(COLUMNS)
    for each in accounts:
        yield _row([_guarded(cell) for cell in _cells(each)])


def _cells(account: Account) -> list[str]:
    values = as_body(account) | {"number": account.number}
    for name in ("organisation_id", "document", "identifier"):
        known = values.pop(name) or {"root": "", "extension": ""}
        values |= {f"{name}_root": known["root"], f"{name}_extension": known["extension"]}
    for name in ("reasons", "duties"):
        values[name] = LIST_SEPARATOR.join(values[name])
    values["patients"] = LIST_SEPARATOR.join(f"{takeover}/{patient}" for takeover, patient in account.patients)
    return [str(values[name]) for name in COLUMNS]


def _guarded(cell: str) -> str:
    return "'" + cell if cell.startswith((*FORMULA, "'")) else cell


def _row(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")
