"""From where requests with keys are sent, and what is known of one."""

from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import httpx

from repository.access.principal import PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.samples.people import pesel
from tests.api.native.rights.asked import account_of
from tests.api.native.rights.conftest import ADMIN, AUDITOR
from tests.api.served import DOCTOR, Served
from tests.builders.access import THEIRS
from tests.builders.staff import Staff, custodian_of

SECOND = Staff(kind=PrincipalKind.ADMINISTRATOR, given_name="Iga", surname="Druga", role="archive")
REQUESTER = Staff(kind=PrincipalKind.ORGANISATION, house=THEIRS, surname="Wnioskodawca")
STRANGER = Staff(house=THEIRS, surname="Obca")
NOWHERE = "00000000-0000-4000-8000-000000000000"
Body = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """What `client` sends, whose keys are those of `caller`; `other` has another body, or another address."""

    client: httpx.Client
    caller: str
    path: str
    body: Body | None
    other: tuple[str, Body | None]


@dataclass
class Desk:
    served: Served
    clients: dict[Staff | None, httpx.Client] = field(default_factory=dict)
    serial: Any = field(default_factory=lambda: count(1))
    keeper: Identifier = field(init=False)

    def __post_init__(self) -> None:
        """All are signed in while the newest takeover has a custodian, whom workers are of."""
        self.keeper = custodian_of(self.served.archive)
        for staff in (ADMIN, SECOND, DOCTOR, REQUESTER, AUDITOR, STRANGER):
            self.client(staff)

    def client(self, staff: Staff | None = ADMIN) -> httpx.Client:
        if staff not in self.clients:
            self.clients[staff] = self.served.client(staff, purpose=None)
        return self.clients[staff]

    def somebody(self) -> Identifier:
        return Identifier(PESEL_OID, pesel(date(1975, 6, 7), "F", next(self.serial)))

    def post(self, path: str, body: Body | None = None, *, by: Staff | None = ADMIN) -> Any:
        answer = self.client(by).post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def sent(self, path: str, body: Body | None = None, *, by: Staff = ADMIN, other: Any = None) -> Sent:
        """`other`: what differs of the body, or another address where there is no body."""
        another = (other, None) if isinstance(other, str) else (path, (body or {}) | (other or {}))
        return Sent(self.client(by), account_of(self.served, by), path, body, another)
