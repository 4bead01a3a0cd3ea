"""Bodies that tests send, and looks at what came of them."""

from typing import Any

from repository.access.account_query import AccountQuery
from repository.catalogue.query import Level, Query
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from tests.api.served import Served
from tests.builders.access import THEIRS
from tests.builders.staff import Staff


def number(identifier: Identifier) -> dict[str, str]:
    return {"root": identifier.root, "extension": identifier.extension}


def to(identifier: Identifier = THEIRS, **more: Any) -> dict[str, Any]:
    return {"kind": "organisation", "identifier": number(identifier), "name": "Inny podmiot"} | more


def consent(patient: Identifier, **more: Any) -> dict[str, Any]:
    """To THEIRS, for treatment, to all."""
    return {"patient": number(patient), "grantee": to(), "purposes": ["treatment"]} | more


def known_patients(served: Served) -> list[tuple[int, Identifier]]:
    """Number and PESEL of each patient of the takeover."""
    asked = Query(level=Level.PATIENT, takeovers=(served.takeover.number,), limit=100)
    found = [(hit.patient, hit.identifiers) for hit in served.archive.catalogue.search(asked).hits]
    return [(patient, each) for patient, identifiers in found for each in identifiers if each.root == PESEL_OID]


_COUNTED: dict[object, tuple[int, int]] = {}  # of each archive: the last account that was counted, and how many


def accounts(served: Served) -> int:
    """How many there are."""
    last, count = _COUNTED.get(served.archive.id, (0, 0))
    for each in served.archive.catalogue.accounts.every(AccountQuery(after=last)):
        last, count = each.number, count + 1
    _COUNTED[served.archive.id] = last, count
    return count


def deeds(served: Served) -> int:
    return served.archive.catalogue.journal.size()


def account_of(served: Served, staff: Staff) -> str:
    """The id of the account that `staff` signs in with."""
    token = served.token(staff)
    return next(each.account for each in served.sessions.values() if each.token == token)
