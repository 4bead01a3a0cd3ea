"""What a peer reports of a transaction that it was asked for (PS3.4 J.3.3)."""

from collections.abc import Collection, Mapping

from repository.catalogue.commitments import NOT_TOLD, Commitment, CommitmentState, Instance, Side
from repository.commitment.errors import TransactionUnknown
from repository.commitment.telling import note_commitment
from repository.runtime import Archive


def heard(
    archive: Archive,
    peer: str,
    transaction: str,
    *,
    committed: Collection[Instance],
    failed: Mapping[Instance, int],
) -> Commitment:
    """What the peer says is durable; the last that it has said, each time a deed. Only of what it names by class and
    UID as it was asked for is anything known. Raises `TransactionUnknown`."""
    desk = archive.catalogue.commitments
    known = desk.find(Side.THEIRS, peer, transaction)
    if known is None:
        raise TransactionUnknown(peer=peer)
    there = frozenset(committed)
    failures = {
        place: failed.get(each, NOT_TOLD)
        for place, each in enumerate(known.instances)
        if each in failed or each not in there
    }
    if known.state is CommitmentState.ANSWERED and known.failures == failures:
        return known
    note_commitment(archive, known, failures)
    return desk.answered(known, failures)
