"""A served archive with an open takeover, and requests that push into it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.multipart.writing import Part, content_type, new_boundary, written
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import PrincipalKind
from repository.domain.takeover import Handover, Producer, Takeover
from repository.runtime import Archive, open_archive
from repository.transfer.opening import open_transfer
from tests.api.served import serving
from tests.builders.homes import new_home
from tests.builders.pushing import CLINIC
from tests.builders.staff import Staff, session_of
from tests.peers.plain_http import PLAIN

CLERK = Staff(kind=PrincipalKind.MEDICAL_WORKER, surname="Zamykająca", house=CLINIC)
PEER = Grantee(GranteeKind.ORGANISATION, CLINIC, "Przychodnia")
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Open:
    """`url` without a slash at its end; `token` is of somebody of the clinic that pushes."""

    url: str
    archive: Archive
    takeover: Takeover
    token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, **headers: str) -> httpx.Client:
        found = self.bearer | {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Client(base_url=self.url, headers=found, timeout=60, trust_env=False, verify=PLAIN)

    def push(self, *contents: bytes, study: str = "", **headers: str) -> httpx.Response:
        """The answer to one request with all of `contents`."""
        boundary = new_boundary()
        body = b"".join(written((Part([each], {"Content-Type": "application/dicom"}) for each in contents), boundary))
        sent = {"Content-Type": content_type(boundary, of="application/dicom"), "Accept": "application/dicom+json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with self.client() as client:
            return client.post(f"/dicomweb/studies{'/' if study else ''}{study}", content=body, headers=sent)

    @property
    def holdings(self) -> int:
        return self.archive.catalogue.counts(self.takeover.number).holdings


@contextmanager
def served_transfer(folder: Path, **settings: object) -> Iterator[Open]:
    with open_archive(new_home(folder)) as archive:
        takeover = open_transfer(archive, Handover(producer=Producer(name="Przychodnia")), peers=[PEER])
        token = session_of(archive, CLERK, name="clerk").token
        with serving(archive, **settings) as url:
            yield Open(url, archive, takeover, token)


def listed(answer: httpx.Response, tag: str, value: str) -> Sequence[Any]:
    """`value` of each item of the sequence `tag`."""
    return [each.get(value, {}).get("Value", [None])[0] for each in answer.json().get(tag, {}).get("Value", [])]
