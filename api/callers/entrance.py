"""The entrance: every request comes by here, and gets one caller or one refusal.

What is refused is written down (`repository.people.refusing`), and says the same to whoever asked, whatever was wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from api.callers.backend import BackendClients
from api.callers.bearer import ProviderTokens
from api.callers.certificate import ClientCertificates, Proxies
from api.callers.errors import NotAccepted
from api.callers.following import Source
from api.callers.identities import Identities
from api.callers.scopes import require_scope
from api.callers.session import Sessions
from api.callers.way import Caller, Way, identified
from api.errors import NoCaller
from repository.evidence.trust.store import TrustStore, read_store
from repository.people.refusing import Refusals
from repository.runtime import Archive

SLOT = "edm.slot"  # in the scope: what counts the requests of one caller (`api.limits`)


@dataclass(frozen=True)
class Entrance:
    ways: Sequence[Way]
    certificates: ClientCertificates
    backend: BackendClients
    refusals: Refusals

    def caller(self, request: Request) -> Caller:
        """Whoever asks, with scopes for it and within the limits of one caller. Raises `NoCaller` for everything that
        is not accepted, `TwoIdentities`, `ScopeTooNarrow`, `TooManyRequests`, `TooManyAtOnce`, `KeysUnavailable`."""
        try:
            found = identified(self.ways, request, certificates=self.certificates)
        except NotAccepted as error:
            self.refused(request, error)
            raise NoCaller from None
        slot = request.scope.get(SLOT)
        if slot is not None:
            slot.take(found.principal.id)
        require_scope(request, found)
        return found

    def refused(self, request: Request, error: NotAccepted) -> None:
        """The try is in the journal, or counted."""
        way = "assertion" if request.method == "POST" and request.url.path.endswith("/token") else "bearer"
        if "authorization" not in request.headers and way == "bearer":
            way = "certificate"
        self.refusals.note(
            way,
            error.why,
            issuer=error.issuer,
            address=request.client.host if request.client else "",
            door="rest" if way == "assertion" else request.url.path.split("/", 2)[1][:20],
        )


def entrance(archive: Archive, identities: Source | Identities, *, address: str, proxies: Proxies) -> Entrance:
    """The ways of this archive: bearer tokens (sessions, the archive's own, those of providers), certificates.
    `address`: what clients see before the path."""
    backend = BackendClients(archive, identities, address=f"{address}/v1/token")

    def store() -> TrustStore:
        return read_store(archive.settings.trust_path, revocation=archive.settings.revocation)

    return Entrance(
        ways=(Sessions(archive), backend, ProviderTokens(identities, clock=archive.clock)),
        certificates=ClientCertificates(identities, store=store, clock=archive.clock, proxies=proxies),
        backend=backend,
        refusals=Refusals(archive),
    )
