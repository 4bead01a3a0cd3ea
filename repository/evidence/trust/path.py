"""From a leaf to an anchor: the first way that holds, looked for depth first and not without end.

Certificates that come along are a stranger's. A way is at most `LONGEST` certificates long and never meets a key twice,
and after `MOST_TRIES` links in all it is given up, however the strangers are tangled.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from repository.evidence.trust.errors import IssuerUnknown, PathTooLong, TrustError
from repository.evidence.trust.links import (
    names_as_issuer,
    require_authority,
    require_signed,
    require_sound,
    self_issued,
)
from repository.evidence.trust.reading import shown

LONGEST = 8  # certificates, the leaf and the anchor among them
MOST_TRIES = 64
Way = list[x509.Certificate]


class Search:
    """One search. `settled` sees each way that reaches an anchor, and may raise `TrustError` about it."""

    def __init__(
        self,
        anchors: Sequence[x509.Certificate],
        others: Sequence[x509.Certificate],
        *,
        at: datetime,
        settled: Callable[[Way], None],
    ) -> None:
        self._at, self._settled = at, settled
        self._known: dict[bytes, list[tuple[x509.Certificate, bool]]] = {}
        for each, trusted in [(each, True) for each in anchors] + [(each, False) for each in others]:
            self._known.setdefault(each.subject.public_bytes(), []).append((each, trusted))
        self._tries = 0
        self._faults: list[tuple[int, TrustError]] = []

    def path(self, leaf: x509.Certificate) -> Way:
        """The leaf first, an anchor last. Raises what stopped the way that came furthest."""
        found = self._onwards([leaf])
        if found is None:
            raise max(self._faults, key=lambda fault: fault[0])[1]  # of equals the first
        return found

    def _onwards(self, path: Way) -> Way | None:
        candidates = self._issuers(path)
        if not candidates:
            self._faults.append((len(path), IssuerUnknown(certificate=shown(path[-1]))))
        elif len(path) == LONGEST:
            self._faults.append((len(path), PathTooLong(limit=LONGEST)))
            return None
        for issuer, trusted in candidates:
            longer = [*path, issuer]
            try:
                self._require_link(path, issuer)
                if trusted:
                    self._settled(longer)
                    return longer
            except TrustError as fault:
                self._faults.append((len(longer) + trusted, fault))
                continue
            if (found := self._onwards(longer)) is not None:
                return found
        return None

    def _issuers(self, path: Way) -> list[tuple[x509.Certificate, bool]]:
        """Those that bear the issuer's name, with whether they are anchors; anchors first, each key once in a path."""
        met = [_identity(each) for each in path]
        return [
            (each, trusted)
            for each, trusted in self._known.get(path[-1].issuer.public_bytes(), [])
            if names_as_issuer(path[-1], each) and _identity(each) not in met
        ]

    def _require_link(self, path: Way, issuer: x509.Certificate) -> None:
        self._tries += 1
        if self._tries > MOST_TRIES:
            raise PathTooLong(limit=LONGEST)
        require_signed(path[-1], issuer)
        require_sound(issuer, at=self._at)
        require_authority(issuer, between=sum(not self_issued(each) for each in path[1:]))


def _identity(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Name and key: two certificates of one authority are one step of a way."""
    try:
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError):
        key = certificate.tbs_certificate_bytes  # refused as soon as it is looked at
    return certificate.subject.public_bytes(), key
