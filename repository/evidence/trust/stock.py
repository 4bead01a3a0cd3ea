"""What the trust folder holds, and what of it will soon not do: for whoever looks after it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509

from repository.evidence.trust.errors import CertificateEarly, CertificateExpired, TrustError
from repository.evidence.trust.links import require_authority, require_sound
from repository.evidence.trust.revocation import said
from repository.evidence.trust.store import Filed, FiledList, TrustStore

CERTIFICATE_SOON, LIST_SOON = timedelta(days=60), timedelta(hours=6)


class Concern(StrEnum):
    EXPIRED = "expired"
    EXPIRES = "expires"  # soon, at `until`
    UNFIT = "unfit"  # nothing will ever be trusted under it: no authority, too weak, a condition not understood
    STALE = "stale"  # a list
    ENDS = "ends"  # a list, soon, at `until`
    ORPHAN = "orphan"  # a list of nobody who is known here


@dataclass(frozen=True, slots=True)
class Notice:
    """About the certificate or list in `file`, a path inside of the folder."""

    concern: Concern
    file: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    anchors: int
    intermediates: int
    lists: int
    notices: tuple[Notice, ...]


def stock_of(store: TrustStore, *, at: datetime) -> Stock:
    """Counts, and what the operator should see to. Of the lists of one issuer, the newest is looked at."""
    known = (*store.anchors, *store.intermediates)
    names = {each.certificate.subject.public_bytes() for each in known}
    notices = [notice for each in known for notice in _about(each, at=at)]
    notices += [notice for each in _newest(store.lists) for notice in _about_list(each, names, at=at)]
    return Stock(len(store.anchors), len(store.intermediates), len(store.lists), tuple(notices))


def _about(filed: Filed, *, at: datetime) -> Iterator[Notice]:
    until = filed.certificate.not_valid_after_utc
    try:
        require_authority(filed.certificate, between=0)
        require_sound(filed.certificate, at=at)
    except CertificateExpired:
        yield Notice(Concern.EXPIRED, filed.file, until)
    except CertificateEarly:
        return  # laid in for later
    except TrustError:
        yield Notice(Concern.UNFIT, filed.file)
    else:
        if until - at <= CERTIFICATE_SOON:
            yield Notice(Concern.EXPIRES, filed.file, until)


def _newest(lists: Iterable[FiledList]) -> list[FiledList]:
    """One for each issuer and key."""
    found: dict[tuple[bytes, bytes | None], FiledList] = {}
    for each in sorted(lists, key=lambda filed: filed.crl.last_update_utc):
        own = said(each.crl, x509.AuthorityKeyIdentifier)
        found[each.crl.issuer.public_bytes(), own.key_identifier if own else None] = each
    return sorted(found.values(), key=lambda filed: filed.file)


def _about_list(filed: FiledList, names: set[bytes], *, at: datetime) -> Iterator[Notice]:
    until = filed.crl.next_update_utc
    if filed.crl.issuer.public_bytes() not in names:
        yield Notice(Concern.ORPHAN, filed.file)
    elif until is None or until < at:
        yield Notice(Concern.STALE, filed.file, until)
    elif until - at <= LIST_SOON:
        yield Notice(Concern.ENDS, filed.file, until)
