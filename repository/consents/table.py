"""`metadata/consents.csv` and `grants.csv` of a hand-over package: each row a permission, or a fault with its number.

Findings tell of rows by number alone, and one finding tells of all rows with the same fault. A column that is not
known may narrow what a row says: such a table is not read at all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar

from repository.access.permission import Permission, PermissionKind
from repository.consents import grammar
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID, check_pesel
from repository.findings import Finding
from repository.packages.tables import Table, TableUnreadable

COLUMNS = ("pesel", "grantor", "grantee", "scope", "purpose", "valid_from", "valid_to", "state")
OPTIONAL = ("kind",)
STATES: Mapping[str, str] = {"ACTIVE": "", "WITHDRAWN": "withdrawn", "REVOKED": "revoked"}
NAMED_ROWS = 20
Report = Callable[[Finding], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """One permission of a package. `place` is its row (the header is 1) or entry; `end` says why it has ended, empty
    where it has not. The permission's id, takeover and time of recording are for whoever records it."""

    place: int
    permission: Permission
    end: str = ""


class Faults:
    """How many rows have which fault, and the first of them."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._rows: dict[tuple[str, str], list[int]] = {}

    def add(self, code: str, row: int, *, what: str = "") -> None:
        self._rows.setdefault((code, what), []).append(row)

    def findings(self) -> Iterator[Finding]:
        for (code, what), rows in sorted(self._rows.items()):
            named = ", ".join(map(str, rows[:NAMED_ROWS])) + (" …" if len(rows) > NAMED_ROWS else "")
            more = {"what": what} if what else {}
            yield Finding(code, self._subject, {"count": len(rows), "rows": named, **more})


class Ill(Exception):
    """A cell that is not understood."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(column)


def read_table(
    stream: BinaryIO, *, usual: PermissionKind, at: datetime, faults: Faults, report: Report, subject: str
) -> Iterator[Said]:
    """Each well-formed row, in order; all others are in `faults`. `usual`: what a row is that does not say its kind."""
    try:
        table = Table(stream, {name: name for name in (*COLUMNS, *OPTIONAL)})
        known = [name for name in table.columns if name]
        if len(known) != len(table.columns) or len(set(known)) != len(known) or not set(COLUMNS) <= set(known):
            report(Finding("CNS-COLUMNS", subject))
            return
        for number, row in table.rows():
            if row is None:
                faults.add("CNS-ROW", number)
                continue
            try:
                yield _said(number, row, usual, at)
            except Ill as ill:
                faults.add("CNS-CELL", number, what=ill.column)
        if table.encoding != "utf-8":
            report(Finding("CNS-ENCODING", subject))
    except TableUnreadable as broken:
        report(Finding("CNS-BROKEN", subject, {"row": broken.row}))


def _said(number: int, row: Mapping[str, str], usual: PermissionKind, at: datetime) -> Said:
    kind = _read("kind", lambda: PermissionKind(row.get("kind", "").lower() or usual))
    if (kind is PermissionKind.GRANT) is not (usual is PermissionKind.GRANT):
        raise Ill("kind")
    patient = _read("pesel", lambda: _patient(row["pesel"], kind))
    valid_from = _read("valid_from", lambda: grammar.day_of_words(row["valid_from"])[0])
    valid_to = _read("valid_to", lambda: grammar.day_of_words(row["valid_to"])[1]) if row["valid_to"] else None
    if valid_to is not None and valid_to <= valid_from:
        raise Ill("valid_to")
    return Said(
        number,
        Permission(
            id="",
            kind=kind,
            patient=patient,
            grantor=_read("grantor", lambda: grammar.grantor_of_words(row["grantor"], kind, patient=patient)),
            grantee=_read("grantee", lambda: grammar.grantee_of_words(row["grantee"])),
            scope=_read("scope", lambda: grammar.scope_of_words(row["scope"])),
            purposes=_read("purpose", lambda: grammar.purposes_of_words(row["purpose"], kind)),
            valid_from=valid_from,
            valid_to=valid_to,
            recorded_at=at,
        ),
        _read("state", lambda: STATES[row["state"].upper()]),
    )


def _patient(pesel: str, kind: PermissionKind) -> Identifier | None:
    """A number whose checksum is wrong may still be the one that the provider used; whether it did is asked later."""
    if not pesel and kind is PermissionKind.GRANT:
        return None
    verdict = check_pesel(pesel)
    if not verdict.well_formed or verdict.placeholder:
        raise ValueError("not a PESEL")
    return Identifier(PESEL_OID, pesel)


def _read(column: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, KeyError):
        raise Ill(column) from None
