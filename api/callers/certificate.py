"""Client certificates: proved by the TLS handshake, or by a proxy that the operator has named.

The handshake proves that the peer has the key. Whether the certificate is trusted is asked of the archive's own trust
store (HOME/trust: chain, use, expiry, revocation), and whose it is the identity file says.
"""

import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from ssl import PEM_cert_to_DER_cert
from threading import Lock
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from api.callers.bearer import thumbprint
from api.callers.errors import NotAccepted, TwoIdentities
from api.callers.following import Following, Source
from api.callers.identities import Certificate, Identities
from api.callers.way import Caller
from repository.access.principal import Identification, Principal
from repository.clock import Clock
from repository.evidence.trust.errors import OrganisationUnnamed, TrustError
from repository.evidence.trust.identifying import identification
from repository.evidence.trust.judging import Trusted, trusted, trusted_organisation
from repository.evidence.trust.links import Usage
from repository.evidence.trust.store import TrustStore

PEER = "edm.peer"  # in the scope: the address at the other end of the connection, whoever that speaks for
PROVED = "edm.certificate"  # in the scope: DER of the certificate that the handshake proved
FOR = timedelta(minutes=5)  # that an identity by certificate is good for: one request
KNOWN_FOR = 60.0  # seconds that the trust store and its judgement of a certificate are kept
_MOST_KNOWN = 1000
Entries = tuple[Certificate, ...]
_LARGEST = 32 << 10  # bytes of a header field


@dataclass(frozen=True, slots=True)
class Proxies:
    """`header` of requests from `addresses` (addresses and networks) has the client's certificate. Without a header no
    proxy is believed."""

    header: str = ""
    addresses: tuple[str, ...] = ()

    def spoke(self, request: Request) -> bool:
        """The request has the header, and it comes from one of them."""
        return bool(self.header) and self.header in request.headers and self._is_one(request.scope.get(PEER, ""))

    def _is_one(self, address: str) -> bool:
        try:
            peer = ip_address(address)
            return any(peer in ip_network(each, strict=False) for each in self.addresses)
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of a certificate `among` the entries of that moment."""

    entry: Certificate
    seen: Trusted
    among: Entries


class ClientCertificates:
    """A way: systems that are known by their certificate."""

    def __init__(
        self,
        identities: Source | Identities,
        *,
        store: Callable[[], TrustStore],
        clock: Clock,
        proxies: Proxies = Proxies(),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = Following(identities, lambda found, _: found.certificates)
        self._proxies = proxies
        self._read, self._clock, self._ticks = store, clock, ticks
        self._lock = Lock()
        self._judged: dict[bytes, Judged] = {}
        self._store: TrustStore | None = None
        self._read_at = 0.0

    def recognises(self, request: Request) -> bool:
        return PROVED in request.scope or self._proxies.spoke(request)

    def thumbprint(self, request: Request) -> str:
        return thumbprint(sha256(self._certificate(request)).digest())

    def caller(self, request: Request) -> Caller:
        """Raises `NotAccepted`, `IdentitiesUnsure`; `TrustUnusable` where the trust folder cannot be relied on."""
        certificate, now = self._certificate(request), self._clock()
        entry, seen = self._known(certificate, now)
        return Caller(
            principal=_principal(entry, identification(seen, assurance=entry.assurance, until=now + FOR)),
            purposes=None if entry.purposes is None else frozenset(entry.purposes),
            scopes=None if entry.scopes is None else frozenset(entry.scopes),
        )

    def _certificate(self, request: Request) -> bytes:
        """In DER. A proxy's own certificate and one that it hands on are two identities."""
        proved, handed = request.scope.get(PROVED), self._proxies.spoke(request)
        if not handed:
            return bytes(proved or b"")
        if proved is not None:
            raise TwoIdentities
        said = request.headers.getlist(self._proxies.header)
        if len(said) != 1:
            raise TwoIdentities
        return der_of(said[0])

    def _known(self, certificate: bytes, now: datetime) -> tuple[Certificate, Trusted]:
        """What is kept of it for a minute, or a new judgement; one that is no longer good is never kept."""
        digest, entries = sha256(certificate).digest(), self._entries()
        with self._lock:
            store, found = self._fresh_store(), self._judged.get(digest)
        if found is None or found.among is not entries or now > found.seen.until:
            found = Judged(*self._judge(certificate, store, now, among=entries), entries)
            with self._lock:
                if len(self._judged) >= _MOST_KNOWN:
                    self._judged.clear()
                self._judged[digest] = found
        return found.entry, found.seen

    def _fresh_store(self) -> TrustStore:
        if self._store is None or self._ticks() - self._read_at >= KNOWN_FOR:
            self._judged.clear()
            self._store, self._read_at = self._read(), self._ticks()
        return self._store

    def _judge(
        self, certificate: bytes, store: TrustStore, now: datetime, *, among: Entries
    ) -> tuple[Certificate, Trusted]:
        digest = sha256(certificate).hexdigest()
        try:
            for entry in among:
                if entry.sha256 == digest:
                    return entry, trusted(certificate, store=store, at=now, usage=Usage.TLS_CLIENT)
            named = trusted_organisation([certificate], store=store, at=now)
        except OrganisationUnnamed:
            raise NotAccepted("certificate-unknown") from None
        except TrustError as error:
            raise NotAccepted(error.code) from None
        for entry in among:
            if (
                entry.anchor == named.trusted.anchor
                and entry.subject_organisation in ("", named.name)
                and entry.subject_identifier in ("", named.identifier)
            ):
                return entry, named.trusted
        raise NotAccepted("certificate-unknown")


def _principal(entry: Certificate, seen: Identification) -> Principal:
    return Principal(
        kind=entry.kind,
        id=f"certificate#{entry.id}",
        surname=entry.id,
        organisation=entry.organisation.organisation,
        identification=seen,
    )


def der_of(said: str) -> bytes:
    """A certificate in a header field: RFC 9440 (`:base64:`), or PEM that is percent-encoded, as nginx writes it."""
    try:
        if len(said) > _LARGEST:
            raise NotAccepted("certificate-malformed")
        if said.startswith(":") and said.endswith(":") and len(said) > 2:
            return b64decode(said[1:-1], validate=True)
        return PEM_cert_to_DER_cert(unquote_to_bytes(said).decode("ascii"))
    except ValueError:
        raise NotAccepted("certificate-malformed") from None
