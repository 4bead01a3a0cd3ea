"""What is done with live transfers over HTTP: opened, pushed into, concluded, followed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx

from repository.access.principal import PrincipalKind
from repository.domain.takeover import Takeover
from repository.jobs.draining import drain
from repository.runtime import Archive
from tests.api.dicomweb.pushing import CLERK, Open
from tests.builders.access import OURS, THEIRS
from tests.builders.pushing import CLINIC
from tests.builders.staff import Staff, session_of
from tests.peers.plain_http import PLAIN

__all__ = ["CLERK"]
ADMINISTRATOR = Staff(kind=PrincipalKind.ADMINISTRATOR, house=OURS, surname="Rządzi")
AUDITOR = Staff(kind=PrincipalKind.AUDITOR, house=OURS, surname="Bada")
STRANGER = Staff(house=THEIRS, surname="Obca")
NOWHERE = "00000000-0000-4000-8000-000000000000"
THE_CLINIC = {
    "kind": "organisation",
    "identifier": {"root": CLINIC.root, "extension": CLINIC.extension},
    "name": "Przychodnia",
}
CT_1 = {"kind": "system", "system": "CT_1"}
PROVIDER = {"name": "Przychodnia Zdrowie"}
_names = count(1)


@dataclass(frozen=True)
class House:
    """`clerk`: a token of somebody of the clinic, which pushes."""

    url: str
    archive: Archive
    clerk: str

    @contextmanager
    def client(self, staff: Staff) -> Iterator[httpx.Client]:
        token = session_of(self.archive, staff, name=f"somebody-{next(_names)}").token
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=PLAIN) as client:
            yield client

    def opened(self, boss: httpx.Client, **said: Any) -> Takeover:
        """For the clinic, unless `said` otherwise."""
        answer = boss.post("/v1/transfers", json={"producer": PROVIDER, "peers": [THE_CLINIC]} | said)
        assert answer.status_code == 201, answer.text
        return self.archive.catalogue.takeover(answer.json()["id"])

    def push(self, takeover: Takeover, *contents: bytes) -> httpx.Response:
        made = Open(self.url, self.archive, takeover, self.clerk)
        return made.push(*contents, EDM_Takeover=takeover.id)

    def holdings(self, takeover: Takeover) -> int:
        return self.archive.catalogue.counts(takeover.number).holdings

    def ended(self, client: httpx.Client, place: str) -> dict[str, Any]:
        """The job at `place`, once nothing is due any more."""
        drain(self.archive, owner="test")
        found: dict[str, Any] = client.get(place).json()
        return found

    def deeds(self, kind: str) -> list[Any]:
        return list(self.archive.catalogue.journal.deeds(kind=kind))

    @property
    def takeovers(self) -> int:
        return len(self.archive.catalogue.takeovers())


def conclusion(takeover: Takeover | str) -> str:
    return f"/v1/takeovers/{takeover if isinstance(takeover, str) else takeover.id}/conclusion"
