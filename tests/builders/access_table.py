"""A broad table of decisions: every right × what became of it × what stands against it × whole or part.

Each line is a request with the facts that bear on it, among the consents of `crowd` other patients to the same
organisation. The table is made to hold what is dear and unfriendly, and not what is usual.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repository.access.facts import Approval, Facts
from repository.access.permission import Permission
from repository.access.permission_index import PermissionIndex
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Scope
from tests.builders.access import (
    ANNA,
    BOGDAN,
    CELINA,
    DOCUMENT,
    EVENT,
    OTHER_DOCUMENT,
    OTHER_EVENT,
    STUDY,
    approval,
    consent,
    many_consents,
    objection,
)
from tests.builders.access_cases import ENTITLED, Case

FACTS = ("custody", "permissions", "relations", "authorisations", "approvals")
PARTS = 8  # permissions of one kind that one patient has, each to a part; the last is met
MET = Scope(
    documents=(OTHER_DOCUMENT, DOCUMENT), classes=("02.20", "01.10"), events=(OTHER_EVENT, EVENT),
    studies=("2.25.1", STUDY), specialties=("2200", "1100"), first_day="20240101", last_day="20241231",
)  # fmt: skip
NOT_MET = replace(MET, events=(OTHER_EVENT,))  # the last limit that is looked at
AGAINST: Mapping[str, Mapping[str, Any]] = {
    "nothing against it": {},
    "objected": {"objects": True},
    "protected": {"protected": True},
    "protected, approved": {"protected": True, "approved": True},
    "protected, objected": {"protected": True, "objects": True},
    "protected, nothing can be asked": {"protected": True, "unknown": True},
    "nothing can be asked": {"protected": None, "unknown": True},
}


@dataclass(frozen=True, slots=True, eq=False)  # each is itself: comparing would look at all of the crowd
class Line:
    right: str
    entitled: str  # entitled, not entitled, not identified
    against: str
    limits: str  # whole, parts
    asked: AccessRequest
    known: Facts

    def __str__(self) -> str:
        return f"{self.right}, {self.entitled}, {self.against}, {self.limits}"


def table(crowd: int) -> Iterator[Line]:
    """All lines, each among `crowd` consents of other patients."""
    others = many_consents(crowd + 1)[1:]  # the first is ANNA's, whom the requests are about
    indices: dict[tuple[Permission, ...], PermissionIndex] = {}
    treated, consented = ENTITLED["consent"]
    going_on = replace(treated, purpose=Purpose.CONTINUITY), consented
    for right, (asked, known) in {**ENTITLED, "consent to go on": going_on}.items():
        for entitled, case in _entitled(asked, known).items():
            for against, changes in AGAINST.items():
                for limits in ("whole", "parts"):
                    mine = _permissions(case, limits, objects="objects" in changes)
                    if mine not in indices:
                        indices[mine] = PermissionIndex(mine + others)
                    yield Line(right, entitled, against, limits, *_under(case, indices[mine], changes))


def _entitled(asked: AccessRequest, known: Facts) -> Mapping[str, Case]:
    """As it is; about somebody else, on no ground, with no fact that helps; and by somebody who did not sign in."""
    stranger = replace(asked.subject, patient_identifiers=(BOGDAN, CELINA), author=None)
    gone: dict[str, Any] = dict.fromkeys(FACTS, ())
    nothing = replace(known, **gone, after_death=None)
    return {
        "entitled": (asked, known),
        "not entitled": (replace(asked, subject=stranger, reason="", evidence=""), nothing),
        "not identified": (replace(asked, principal=replace(asked.principal, identification=None)), known),
    }


def _permissions(case: Case, limits: str, *, objects: bool) -> tuple[Permission, ...]:
    """Those of the case and an objection, whole; or in place of each as many as PARTS to a part. Who is not entitled
    by any has consents that end before the moment of asking, so that there is something to look at."""
    asked, known = case
    whose = asked.subject.patient_identifiers[0]
    held = known.permissions or (consent(patient=whose, valid_to=asked.at),)
    every = (*held, *((objection(patient=whose),) if objects else ()))
    if limits == "whole":
        return every
    return tuple(each for whole in every for each in _parts(whole))


def _parts(whole: Permission) -> Sequence[Permission]:
    missed = [replace(whole, id=f"{whole.id}-{n}", scope=NOT_MET) for n in range(PARTS - 1)]
    return (*missed, replace(whole, scope=MET))


def _under(case: Case, index: PermissionIndex, changes: Mapping[str, Any]) -> Case:
    asked, known = case
    known = replace(known, permissions=index, protected=changes.get("protected", False))
    if "approved" in changes:
        known = replace(known, approvals=(*_approvals(asked),))
    if "unknown" in changes:
        gone: dict[str, Any] = dict.fromkeys(FACTS)
        known = replace(known, **gone, death_known=False)
    return asked, known


def _approvals(asked: AccessRequest) -> Iterator[Approval]:
    """The last is for this request."""
    for requester in ("somebody else", asked.principal.id):
        mine = approval(approver="second-person", requester=requester)
        yield replace(mine, takeover="", patient=0, identifier=asked.subject.patient_identifiers[0])


def of_one_patient(count: int) -> Case:
    """Beyond what is usual: `count` consents of one patient to one organisation, each to a part, the last one met."""
    missed = (consent(id=f"part-{n}", scope=NOT_MET) for n in range(count - 1))
    asked, known = ENTITLED["consent"]
    return asked, replace(known, permissions=PermissionIndex((*missed, consent(patient=ANNA, scope=MET))))
