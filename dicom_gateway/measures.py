"""What the door counts: associations, operations, bytes. No AE title but those of registered peers, and no UID."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from dicom_gateway.protocol import commands
from repository.measuring import Counters, Family

OPEN, LIMIT = "edm_dicom_associations", "edm_dicom_associations_limit"
ACCEPTED, REJECTED, ENDED = (f"edm_dicom_associations_{each}" for each in ("accepted", "rejected", "ended"))
OPERATIONS, SECONDS = "edm_dicom_operations", "edm_dicom_operation_seconds"
RECEIVED, SENT = "edm_dicom_received_bytes", "edm_dicom_sent_bytes"
SEEN = "edm_dicom_peer_seen_timestamp_seconds"
SERVICES: Mapping[int, str] = {
    commands.C_ECHO_RQ: "echo",
    commands.C_STORE_RQ: "store",
    commands.C_FIND_RQ: "find",
    commands.C_GET_RQ: "get",
    commands.C_MOVE_RQ: "move",
    commands.N_ACTION_RQ: "commitment",
    commands.N_EVENT_REPORT_RQ: "commitment-report",
}
_MOST_PEERS = 1000


def class_of(status: int) -> str:
    """The class of a DIMSE status (PS3.7 C): success, warning, cancel, pending, refused, failure."""
    if status == 0x0000:
        return "success"
    if status & 0xF000 == 0xB000 or status in (0x0001, 0x0107, 0x0116):
        return "warning"
    if status == 0xFE00:
        return "cancel"
    if status & 0xFF00 == 0xFF00:
        return "pending"
    return "refused" if status & 0xFF00 == 0xA700 or status in (0x0122, 0x0124) else "failure"


class Measures:
    """Of one gateway."""

    def __init__(self, *, limit: int) -> None:
        self.counters = Counters()
        self._limit, self._open = limit, 0
        self._turn = threading.Lock()
        self._seen: dict[str, float] = {}

    @contextmanager
    def association(self, peer: str, *, at: datetime) -> Iterator[None]:
        """A registered peer has one meanwhile. `peer`: its AE title."""
        self.counters.add(ACCEPTED)
        with self._turn:
            self._open += 1
            self._seen.pop(peer, None)
            self._seen[peer] = at.timestamp()
            if len(self._seen) > _MOST_PEERS:
                self._seen.pop(next(iter(self._seen)))
        try:
            yield
        finally:
            with self._turn:
                self._open -= 1

    def answered(self, field: int, status: int, *, seconds: float) -> None:
        """An operation has ended with its last response."""
        service = SERVICES.get(field, "other")
        self.counters.add(OPERATIONS, service, class_of(status))
        self.counters.add(SECONDS, service, value=seconds)

    def families(self) -> list[Family]:
        with self._turn:
            now_open, seen = self._open, [((name,), at) for name, at in self._seen.items()]
        family = self.counters.family
        return [
            Family(OPEN, "gauge", "Associations that peers have now.", (), [((), now_open)]),
            Family(LIMIT, "gauge", "Associations that there may be at one time.", (), [((), self._limit)]),
            family(ACCEPTED, "Associations accepted."),
            family(REJECTED, "Associations rejected, by why.", ["reason"]),
            family(ENDED, "Associations ended, by how.", ["how"]),
            family(OPERATIONS, "Operations answered, by service and class of status.", ["service", "status"]),
            family(SECONDS, "Seconds from the last byte of a request to its last response.", ["service"]),
            family(RECEIVED, "Bytes of PDUs received."),
            family(SENT, "Bytes of PDUs sent."),
            Family(SEEN, "gauge", "When a registered peer last began an association.", ("peer",), seen),
        ]
