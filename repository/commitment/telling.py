"""What was said of a transaction, as a deed: the journal has it, and the log proves it, also when the rows are lost."""

from collections.abc import Mapping
from hashlib import sha256

from repository.canonical import Value, canonical
from repository.catalogue.commitments import Commitment
from repository.journal import note
from repository.runtime import Archive

DEED = "commitment"


def note_commitment(archive: Archive, known: Commitment, failures: Mapping[int, int]) -> None:
    """Who answers whom is told by the `side`. `listing`: SHA-256 of the canonical list of class, UID and reason of each
    instance, in the order in which they were asked for; 0 for one that is committed to."""
    listing: list[Value] = [
        [each.sop_class, each.uid, failures.get(place, 0)] for place, each in enumerate(known.instances)
    ]
    body = {
        "id": known.id, "side": known.side.value, "peer": known.peer, "transaction": known.transaction,
        "round": known.round, "takeovers": list(known.takeovers), "instances": len(known.instances),
        "failed": len(failures), "listing": sha256(canonical(listing)).hexdigest(),
    }  # fmt: skip
    note(archive, DEED, body, outcome=_outcome(len(known.instances), len(failures)))


def _outcome(instances: int, failed: int) -> str:
    if failed == 0:
        return "committed"
    return "in-part" if failed < instances else "none"
