"""Whose accounts are meant: an identifier in all takeovers, or a number in one of them."""

import re
from dataclasses import dataclass, replace

from repository.access.identity import names
from repository.access.subject import Subject
from repository.catalogue.errors import TakeoverAmbiguous, TakeoverUnknown
from repository.catalogue.query import Level, Query
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.reports.errors import PatientNotNamed
from repository.runtime import Archive

_NUMBERED = re.compile(r"([0-9a-f-]{1,36})/([1-9][0-9]{0,17})")
_PESEL = re.compile(r"[0-9]{11}", re.ASCII)
_IDENTIFIED = re.compile(r"([0-9]+(?:\.[0-9]+)+)\^([^*?]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Whose:
    """A patient as one takeover knows him: `takeover` is its id, `number` the patient's in it, `name` in DICOM form."""

    takeover: str
    number: int
    identifiers: tuple[Identifier, ...]
    name: str

    @property
    def subject(self) -> Subject:
        return Subject(takeover=self.takeover, patient=self.number, patient_identifiers=self.identifiers)

    @property
    def pair(self) -> tuple[str, int]:
        return self.takeover, self.number


def read_identifier(text: str) -> Identifier:
    """The identifier that `text` is: ROOT^EXTENSION, or a PESEL alone. Raises `PatientNotNamed`."""
    written = _IDENTIFIED.fullmatch(text.strip())
    pesel = _PESEL.fullmatch(text.strip())
    found = Identifier(written[1], written[2]) if written else Identifier(PESEL_OID, text.strip() if pesel else "")
    if not names(found):
        raise PatientNotNamed
    return found


def patients_named(archive: Archive, text: str) -> tuple[Whose, ...]:
    """Every patient that `text` names, in the order of takeovers; none where nobody is known by it.

    `text`: TAKEOVER/NUMBER, ROOT^EXTENSION, or a PESEL. Raises `PatientNotNamed` for what can be none of them.
    """
    numbered = _NUMBERED.fullmatch(text.strip().lower())
    if not numbered:
        return patients_with(archive, read_identifier(text))
    try:
        takeover = archive.catalogue.takeover(numbered[1])
    except (TakeoverUnknown, TakeoverAmbiguous):
        return ()
    asked = Query(level=Level.PATIENT, takeovers=(takeover.number,), patient=int(numbered[2]))
    return _found(archive, asked)


def patients_with(archive: Archive, identifier: Identifier) -> tuple[Whose, ...]:
    """Every patient who has exactly this identifier, root and all."""
    if not names(identifier) or set("*?") & set(identifier.extension):
        return ()
    asked = Query(level=Level.PATIENT, patient_id=identifier.extension, patient_root=identifier.root)
    return tuple(each for each in _found(archive, asked) if identifier in each.identifiers)


def _found(archive: Archive, query: Query) -> tuple[Whose, ...]:
    found: list[Whose] = []
    ids = {each.number: each.id for each in archive.catalogue.takeovers()}
    while True:
        page = archive.catalogue.search(query)
        found += [
            Whose(ids[hit.takeover], hit.patient, hit.identifiers, hit.values.get("PatientName", ""))
            for hit in page.hits
        ]
        if not page.next:
            return tuple(found)
        query = replace(query, after=page.next)
