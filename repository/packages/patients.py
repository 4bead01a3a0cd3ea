"""`metadata/patients.csv`: the producer's list of patients, read row by row.

Findings tell of rows by number alone, and one finding tells of all rows with the same fault: a list of a million
patients in the wrong form does not become a million findings, and no finding holds personal data.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import BinaryIO

from repository.domain.describing import Identifier, PatientFacts
from repository.domain.identifiers import PESEL_OID, check_pesel
from repository.findings import Finding
from repository.packages.tables import Table, TableUnreadable

PATH = "metadata/patients.csv"
NAMED_ROWS = 20
COLUMNS: Mapping[str, str] = {
    **{name: name for name in ("local_id", "pesel", "other_id_root", "other_id")},
    **{name: name for name in ("family_name", "given_names", "birth_date", "sex")},
    **dict.fromkeys(("id_lokalny", "identyfikator_lokalny", "id_pacjenta", "patient_id"), "local_id"),
    **dict.fromkeys(("inny_id_root", "oid", "root"), "other_id_root"),
    **dict.fromkeys(("inny_id", "inny_identyfikator"), "other_id"),
    **dict.fromkeys(("nazwisko", "surname"), "family_name"),
    **dict.fromkeys(("imie", "imię", "imiona", "given_name"), "given_names"),
    **dict.fromkeys(("data_urodzenia", "data_ur"), "birth_date"),
    **dict.fromkeys(("plec", "płeć"), "sex"),
}
SEXES = {"m": "M", "f": "F", "k": "F", "o": "O", "u": "", "": ""}
SEXES |= {"mężczyzna": "M", "mezczyzna": "M", "kobieta": "F", "male": "M", "female": "F"}
DATES = (r"(\d{4})-(\d{2})-(\d{2})", r"(\d{4})(\d{2})(\d{2})", r"(\d{2})\.(\d{2})\.(\d{4})")

Report = Callable[[Finding], None]


def read_patients(stream: BinaryIO, *, report: Report, subject: str = PATH) -> Iterator[PatientFacts]:
    """Each patient, in the order of the rows. Findings are reported when the last row has been read."""
    faults = _Faults()
    try:
        table = Table(stream, COLUMNS)
        if not {"local_id", "pesel", "other_id"} & set(table.columns):
            report(Finding("PKG-PATIENTS-COLUMNS", subject))
            return
        for number, row in table.rows():
            if row is None:
                faults.add("PKG-PATIENTS-ROW", number)
                continue
            facts = _facts(row, number, faults=faults)
            if facts.identifiers:
                yield facts
            else:
                faults.add("PKG-PATIENTS-NOBODY", number)
        if table.encoding != "utf-8":
            report(Finding("PKG-PATIENTS-ENCODING", subject))
    except TableUnreadable as broken:
        report(Finding("PKG-PATIENTS-BROKEN", subject, {"row": broken.row}))
    faults.tell(report, subject)


class _Faults:
    """How many rows have which fault, and the first of them."""

    def __init__(self) -> None:
        self._rows: dict[str, list[int]] = {}
        self._counts: dict[str, int] = {}

    def add(self, code: str, row: int) -> None:
        self._counts[code] = self._counts.get(code, 0) + 1
        rows = self._rows.setdefault(code, [])
        if len(rows) < NAMED_ROWS:
            rows.append(row)

    def tell(self, report: Report, subject: str) -> None:
        for code, count in sorted(self._counts.items()):
            rows = ", ".join(map(str, self._rows[code])) + (" …" if count > NAMED_ROWS else "")
            report(Finding(code, subject, {"count": count, "rows": rows}))


def _facts(row: Mapping[str, str], number: int, *, faults: _Faults) -> PatientFacts:
    cells = {name: _clean(cell) for name, cell in row.items()}
    if cells != row:
        faults.add("PKG-PATIENTS-CONTROL", number)
    return PatientFacts(
        identifiers=tuple(_identifiers(cells, number, faults=faults)),
        name=_name(cells),
        birth_date=_birth_date(cells.get("birth_date", ""), number, faults=faults),
        sex=_sex(cells.get("sex", ""), number, faults=faults),
    )


def _identifiers(cells: Mapping[str, str], number: int, *, faults: _Faults) -> Iterator[Identifier]:
    pesel = cells.get("pesel", "")
    if pesel:
        verdict = check_pesel(pesel)
        if not verdict.well_formed:
            faults.add("PKG-PESEL-FORM", number)
        elif not verdict.valid:
            faults.add("PKG-PESEL-CHECKSUM", number)
        yield Identifier(PESEL_OID, pesel)
    if cells.get("other_id"):
        root = cells.get("other_id_root", "")
        if not re.fullmatch(r"[0-2](\.(0|[1-9]\d*))+", root):
            faults.add("PKG-PATIENTS-ROOT", number)
            root = ""
        yield Identifier(root, cells["other_id"])
    if cells.get("local_id"):
        yield Identifier("", cells["local_id"])


def _name(cells: Mapping[str, str]) -> str:
    """Family^Given^Middle (PS3.5 6.2.1.1); the signs that part a name in DICOM are not kept inside of a part."""
    plain = str.maketrans({"^": " ", "=": " ", "\\": " "})
    family = " ".join(cells.get("family_name", "").translate(plain).split())
    first, _, middle = " ".join(cells.get("given_names", "").translate(plain).split()).partition(" ")
    return "^".join((family, first, middle)).rstrip("^")


def _birth_date(text: str, number: int, *, faults: _Faults) -> str:
    """YYYYMMDD, or as found where it is no date."""
    for index, form in enumerate(DATES):
        match = re.fullmatch(form, text, re.ASCII)
        if match:
            year, month, day = match.groups() if index < 2 else reversed(match.groups())
            try:
                return date(int(year), int(month), int(day)).strftime("%Y%m%d")
            except ValueError:
                break
    if text:
        faults.add("PKG-PATIENTS-DATE", number)
    return text


def _sex(text: str, number: int, *, faults: _Faults) -> str:
    if text.lower() in SEXES:
        return SEXES[text.lower()]
    faults.add("PKG-PATIENTS-SEX", number)
    return ""


def _clean(cell: str) -> str:
    return cell if cell.isprintable() else "".join(c if c.isprintable() else " " for c in cell).strip()
