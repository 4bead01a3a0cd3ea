"""Asking a peer for its commitment to the images of a takeover that were handed over to it.

To ask is to tell that an image exists: the peer is asked only for what it may know of, by a decision with its account.
"""

import uuid
from collections.abc import Iterator, Sequence

from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.catalogue.commitments import Commitment, Instance
from repository.commitment.errors import NothingToCommit
from repository.domain.takeover import Takeover
from repository.opening import Errand, Found, admit
from repository.peers.peer import Peer
from repository.runtime import Archive

AT_ONCE = 1000
"""Instances of one N-ACTION: what fits many peers' largest data set, and can be asked for again at little cost."""


def prepared(
    archive: Archive, peer: Peer, takeover: Takeover, *, door: str, at_once: int = AT_ONCE
) -> list[Commitment]:
    """Transactions to be sent to the peer, durable, for all images of the takeover that it may know of now; where some
    were prepared before and not sent, those alone. Raises `NothingToCommit`."""
    desk = archive.catalogue.commitments
    instances = _known_to(archive, peer, takeover, door=door)
    if not instances:
        raise NothingToCommit(takeover=takeover.id, peer=peer.ae_title)
    known = frozenset(instances)
    if waiting := [each for each in desk.prepared(peer.ae_title, takeover.id) if known.issuperset(each.instances)]:
        return waiting
    groups = {_new_uid(): instances[at : at + at_once] for at in range(0, len(instances), at_once)}
    desk.prepare(peer.ae_title, takeover.id, groups)
    return [each for each in desk.prepared(peer.ae_title, takeover.id) if each.transaction in groups]


def _known_to(archive: Archive, peer: Peer, takeover: Takeover, *, door: str) -> Sequence[Instance]:
    if peer.takeovers and takeover.id not in peer.takeovers:
        return ()
    principal = peer.principal(address=peer.host, certificate="", at=archive.clock())
    errand = Errand(principal=principal, purpose=peer.purpose, door=door, basis=peer.basis, manner="electronic")
    try:
        admitted = admit(archive, errand, _images(archive, takeover), operation=Operation.SEARCH)
        return list(dict.fromkeys(each for one in admitted if (each := _instance(one.found)) is not None))
    except AccessRefused:
        return ()


def _images(archive: Archive, takeover: Takeover) -> Iterator[Found]:
    for holding in archive.catalogue.holdings(takeover.number):
        found = Found(takeover, holding)
        if _instance(found) is not None:
            yield found


def _instance(found: Found) -> Instance | None:
    facts = found.holding.description.dicom
    if facts is None or not (facts.sop_class_uid and facts.sop_instance_uid):
        return None
    return Instance(facts.sop_class_uid, facts.sop_instance_uid)


def _new_uid() -> str:
    """PS3.5 B.2."""
    return f"2.25.{uuid.uuid4().int}"
