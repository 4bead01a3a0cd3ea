"""Who is shown what of consents, grants and relations: each listing has one account, and what is about somebody under
special protection is left out, as if it were not there, unless a second person has let whoever asks in (R463-10.2).
"""

from collections.abc import Iterable

from repository.access.errors import AccessRefused
from repository.access.permission import Permission
from repository.access.principal import Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation, Subject
from repository.catalogue.query import Level, Query
from repository.domain.describing import Identifier
from repository.opening import Errand, ask, decided, nothing_there
from repository.runtime import Archive

_MOST = 1000


def purpose_of(who: Principal) -> Purpose:
    """What for somebody sees to it: administrators see to who may read what; workers of the custodian keep the
    documentation."""
    return Purpose.AUDIT if who.kind is PrincipalKind.ADMINISTRATOR else Purpose.CUSTODY


class Showing:
    """One listing to `by`, of `takeover` (an id; empty: wherever), through `door`."""

    def __init__(self, archive: Archive, by: Principal, *, takeover: str, door: str) -> None:
        self._archive, self._takeover = archive, takeover
        self._errand = Errand(principal=by, purpose=purpose_of(by), door=door)
        self._operation = Operation.ACCOUNTS if by.kind is PrincipalKind.ADMINISTRATOR else Operation.SEARCH
        self._known: dict[Identifier | None, bool] = {}

    def permissions(self, found: Iterable[Permission], *, patient: Identifier | None = None) -> list[Permission]:
        """Those of `found` that may be shown, once the account is written; none where the listing is refused."""
        shown = [each for each in found if self.is_open(each.patient)]
        return shown if self.accounted(patient, count=len(shown)) else []

    def accounted(self, patient: Identifier | None, *, count: int = 0) -> bool:
        """Whether the listing is permitted; that it was asked for is written down, about the patient if one is meant
        and known in one takeover."""
        requests = [self._errand.request(self._archive, self._operation, each) for each in self._subjects(patient)]
        refused = [each for each in requests if not decided(self._archive, each).permitted]
        try:
            ask(self._archive, (refused or requests)[0], count=count)
        except AccessRefused:
            return False
        return not refused

    def is_open(self, patient: Identifier | None) -> bool:
        """Whether `by` may know of what is about the patient, or of what is about all; nothing is written."""
        if patient not in self._known:
            self._known[patient] = all(
                decided(self._archive, self._errand.request(self._archive, self._operation, each)).permitted
                for each in self._subjects(patient)
            )
        return self._known[patient]

    def nothing(self) -> None:
        """The account of an attempt to see what is not there, or not for `by`."""
        nothing_there(self._archive, self._errand, self._operation)

    def _subjects(self, patient: Identifier | None) -> list[Subject]:
        """The patient wherever the catalogue knows one of that identifier; else by the identifier alone."""
        if patient is None:
            return [Subject(takeover=self._takeover)]
        found = list(self._in_catalogue(patient))
        return found or [Subject(takeover=self._takeover, patient_identifiers=(patient,))]

    def _in_catalogue(self, patient: Identifier) -> Iterable[Subject]:
        if set("*?") & set(patient.extension) or not patient.extension.strip():
            return
        catalogue = self._archive.catalogue
        where = (catalogue.takeover(self._takeover).number,) if self._takeover else None
        asked = Query(level=Level.PATIENT, patient_id=patient.extension, patient_root=patient.root, limit=_MOST)
        for hit in catalogue.search(asked).hits:
            if patient in hit.identifiers and (where is None or hit.takeover in where):
                yield Subject(
                    takeover=catalogue.takeover_by_number(hit.takeover).id,
                    patient=hit.patient,
                    patient_identifiers=hit.identifiers,
                )
