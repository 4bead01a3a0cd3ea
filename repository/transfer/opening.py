"""A live transfer is opened, and who may push into it is written down: each a deed, in force from the next push on.

A peer is a provider, a person or a system, as a grant names one (`Grantee`); `SYSTEM` is the id under which the archive
knows a peer: an AE title, a client of an identity provider. To push is not to read: no grant lets push, and no binding
lets read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from repository.access.bodies import identifier_body
from repository.access.errors import AccessRefused
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Principal
from repository.catalogue.depositing import TRANSFER, BindingRow, TakeoverOver
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.gathering import grantee_keys
from repository.catalogue.text import identifier_key
from repository.clock import instant, stamp
from repository.domain.describing import Identifier
from repository.domain.takeover import LIVE, Handover, State, Takeover
from repository.entitlement import by_body, end_leave
from repository.intake import record_opening
from repository.journal import note, note_all
from repository.runtime import Archive
from repository.transfer.errors import BindingEnded, BindingUnfit, BindingUnknown, NotLive, SeveralOpen
from storage.ids import new_id, new_ids

OPEN_END = "9999-12-31T23:59:59.999999Z"
DETAIL = "live transfer"


@dataclass(frozen=True, slots=True)
class Depositor:
    """Somebody who may push into `takeover` (an id), by which binding, which lasts until when, through which door;
    `by`: as deeds tell it. `remembered`: whether that was so a moment ago (`Admissions`), and not asked anew."""

    takeover: str
    binding: str
    until: str
    door: str
    by: Mapping[str, Any]
    principal: Principal
    remembered: bool = False


def open_transfer(
    archive: Archive,
    handover: Handover,
    *,
    peers: Sequence[Grantee] = (),
    until: datetime | None = None,
    by: Principal | None = None,
) -> Takeover:
    """A takeover that receives from `peers`, who may push from now on and before `until`. Its opening is in the store
    and in the log. Raises `BindingUnfit`, before anything is done."""
    for each in peers:
        _fit(archive, each, until)
    archive.log.confirm()
    id = str(new_id())  # noqa: A001  the domain calls it id everywhere
    takeover = archive.catalogue.open_takeover(
        handover,
        id=id,
        package="",
        fingerprint=f"{LIVE}{id}",
        declared=False,
        opened_at=stamp(archive.clock()),
    )
    record_opening(archive, takeover, detail=DETAIL)
    if peers:
        bind_all(archive, takeover, peers, until=until, by=by)
    return takeover


def bind(
    archive: Archive, takeover: Takeover, peer: Grantee, *, until: datetime | None = None, by: Principal | None = None
) -> str:
    """As `bind_all`, of one; the id of the binding."""
    return bind_all(archive, takeover, [peer], until=until, by=by)[0]


def bind_all(
    archive: Archive,
    takeover: Takeover,
    peers: Sequence[Grantee],
    *,
    until: datetime | None = None,
    by: Principal | None = None,
) -> list[str]:
    """Each of `peers` may push into the takeover from now on and before `until`, or none is bound; the ids of the
    bindings. Whoever is bound already has one more. Raises `NotLive`, `TakeoverOver`, `BindingUnfit`."""
    if not takeover.live:
        raise NotLive(takeover=takeover.id)
    if takeover.state is not State.RECEIVING:
        raise TakeoverOver(takeover=takeover.id)
    for each in peers:
        _fit(archive, each, until)
    since, end = instant(archive.clock()), instant(until) if until else OPEN_END
    bodies = [
        {
            "id": str(id), "person": _key(each), "takeover": takeover.id, "given_by": by.id if by else "",
            "since": since, "until": end, "peer": _peer_body(each), **by_body(by),
        }
        for id, each in zip(new_ids(len(peers)), peers, strict=True)  # noqa: A001  as above
    ]  # fmt: skip
    note_all(archive, [(TRANSFER, each, "bound") for each in bodies], at=since)
    return [each["id"] for each in bodies]


def unbind(archive: Archive, binding: str, *, takeover: str = "", by: Principal | None = None) -> BindingRow:
    """The binding (an id) ends now: the next push by it is refused. As it stands then. Raises `BindingUnknown` where
    there is none of that id, or where it is not of `takeover` (an id); `BindingEnded`."""
    known = binding_of(archive, binding, takeover=takeover)
    if known.ended or known.until <= instant(archive.clock()):
        raise BindingEnded(until=known.until)
    try:
        end_leave(archive, binding, by=by)
    except CatalogueConflict:  # somebody else was faster
        raise BindingEnded(until=binding_of(archive, binding).until) from None
    return binding_of(archive, binding)


def binding_of(archive: Archive, binding: str, *, takeover: str = "") -> BindingRow:
    """The one of that id, ended or not. Raises `BindingUnknown`, also where it is not of `takeover` (an id)."""
    known = archive.catalogue.depositing.binding(binding)
    if known is None or takeover not in ("", known.takeover):
        raise BindingUnknown(takeover=takeover or "–")
    return known


def bindings(archive: Archive, takeover: Takeover) -> list[BindingRow]:
    """Who may push into the takeover, or once might."""
    return archive.catalogue.depositing.bindings_of(takeover.id)


def lasts(binding: BindingRow, at: datetime) -> bool:
    """Not one that a deed has ended, whatever the clock of whoever ended it says."""
    return not binding.ended and binding.since <= instant(at) < binding.until


def admitted_to(archive: Archive, principal: Principal, *, door: str, wanted: str = "") -> Depositor:
    """The open takeover that `principal` may push into: `wanted`, or the only one. Raises `SeveralOpen`; and
    `AccessRefused` where there is none, after a deed has been written of the attempt."""
    known, now = principal.identification, archive.clock()
    found: dict[str, BindingRow] = {}
    if known is not None and known.at <= now < known.until:
        for each in archive.catalogue.depositing.bindings_for(keys_of(principal)):
            if lasts(each, now) and (not wanted or each.takeover == wanted):
                found.setdefault(each.takeover, each)
    if not found:
        note_refused(archive, takeover=wanted, door=door, by=_who(principal))
        raise AccessRefused
    if len(found) > 1:
        raise SeveralOpen(count=len(found), known=", ".join(sorted(found)))
    (takeover, binding), *_ = found.items()
    return Depositor(takeover, binding.id, binding.until, door, _who(principal), principal)


def note_refused(archive: Archive, *, takeover: str, door: str, by: Mapping[str, Any]) -> None:
    """A deed tells of the attempt to push."""
    note(archive, "deposit", {"door": door, "takeover": takeover[:100], **by}, outcome="refused")


def keys_of(principal: Principal) -> list[str]:
    """By what bindings know the principal. A peer is known by its id as well, also where it is an organisation that
    acts as such; nobody is as anybody."""
    peer = f"{GranteeKind.SYSTEM}:{identifier_key(_id_of(principal))}"
    return [key for key in (*grantee_keys(principal), peer) if not key.startswith(f"{GranteeKind.ANYBODY}:")]


def _id_of(principal: Principal) -> Identifier:
    return Identifier("", principal.id)


def _who(principal: Principal) -> dict[str, Any]:
    organisation, known = principal.organisation, principal.identification
    return {
        **by_body(principal),
        "kind": principal.kind.value,
        "organisation": identifier_body(organisation.identifier) if organisation else None,
        "method": known.method.value if known else "",
        "proof": known.evidence if known else "",
    }


def _key(peer: Grantee) -> str:
    return f"{peer.kind}:{identifier_key(peer.identifier)}" if peer.identifier else ""


def _peer_body(peer: Grantee) -> dict[str, Any]:
    return {"kind": peer.kind.value, "identifier": identifier_body(peer.identifier), "name": peer.name}


def _fit(archive: Archive, peer: Grantee, until: datetime | None) -> None:
    named = peer.kind is not GranteeKind.ANYBODY and peer.identifier is not None
    if not named or not str(peer.identifier.extension if peer.identifier else "").strip():
        raise BindingUnfit
    if until is not None and until <= archive.clock():
        raise BindingUnfit
