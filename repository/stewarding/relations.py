"""Who is what to a patient, and what holds after a death (UPP art. 26), as journeys. `takeover`: an id, or empty.

Administrators write all of it. A medical worker of the custodian writes of patients of the takeover in custody, and not
of one under special protection: then the answer is as for a patient who is not there.
"""

from datetime import date, datetime

from repository.access.errors import NothingToEnd
from repository.access.facts import AfterDeath, Relation, RelationKind
from repository.access.principal import Principal
from repository.catalogue.entitling import KnownRelation
from repository.consents.errors import OptionUnreadable
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from repository.entitlement import note_death, relate, unrelate
from repository.polish_time import in_poland
from repository.runtime import Archive
from repository.stewarding.showing import Showing
from repository.stewarding.standing import require_relator


def related(
    archive: Archive,
    who: Principal,
    *,
    patient: Identifier,
    person: Identifier,
    kind: RelationKind,
    since: datetime | None,
    until: datetime | None,
    evidence: str,
    takeover: str,
) -> KnownRelation:
    """The relation is recorded, from `since` or from now on. Raises `NotYoursToGive`, `SecondPersonNeeded`,
    `IdentifierUnfit`, `RelationUnfit`."""
    by = require_relator(archive, who, patient, takeover=takeover, person=person)
    made = Relation(kind, person, patient, since or archive.clock(), until)
    return KnownRelation(relate(archive, made, evidence=evidence, by=by), made, evidence)


def unrelated(archive: Archive, who: Principal, id: str, *, takeover: str) -> Deed:  # noqa: A002
    """The relation ends now. Raises `NotYoursToGive`, `NothingToEnd`."""
    known = archive.catalogue.entitling.relation(id)
    by = require_relator(archive, who, known.relation.patient if known else None, takeover=takeover)
    if known is None:
        raise NothingToEnd
    return unrelate(archive, id, by=by)


def relations_of(
    archive: Archive, who: Principal, patient: Identifier, *, takeover: str, door: str
) -> tuple[list[KnownRelation], AfterDeath | None]:
    """All relations to the patient, ended ones too, and what was recorded of the death; accounted for. Of somebody
    under special protection nothing, but for whoever was let in. Raises `NotYoursToGive`."""
    by = require_relator(archive, who, patient, takeover=takeover)
    desk = archive.catalogue.entitling
    found, after = desk.relations([patient]), desk.after_death(patient)
    if not Showing(archive, by, takeover=takeover, door=door).accounted(patient, count=len(found)):
        return [], None
    return found, after


def died(archive: Archive, who: Principal, patient: Identifier, *, after: AfterDeath, takeover: str) -> Deed:
    """The death is recorded, with objections and court decisions: the last word counts whole. Raises `NotYoursToGive`,
    `IdentifierUnfit`, and `OptionUnreadable` for a day to come."""
    by = require_relator(archive, who, patient, takeover=takeover)
    if date.fromisoformat(after.died_on) > in_poland(archive.clock()).date():
        raise OptionUnreadable(option="on")
    return note_death(archive, patient, after, by=by)
