"""Arrivals are gathered into packs: one patient each, large enough for the store, bounded in memory.

A pack ends at `PACK_BYTES` or `PACK_MEMBERS`; with more than `OPEN_BYTES` or `OPEN_PACKS` waiting, the largest goes.
One that is worth an object, and that none of the last items joined, ends too: most packages hold one patient after the
other, and what is sealed while others are read is not left for the end. An item that is streamed is a pack of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from repository.takeover.arriving import Arrival

PACK_BYTES = 16 << 20  # 13 objects instead of 400 for a CT of 200 MB; one fsync, one PUT and one multipart part each
PACK_MEMBERS = 2048
OPEN_BYTES = 32 << 20
OPEN_PACKS = 512
WORTH, LEFT_BEHIND = 256 << 10, 128  # bytes of a pack, and items that came since one joined it
LIGHT = 64 << 10  # bytes an item; below, two threads that share the interpreter's lock are slower than one


@dataclass(slots=True)
class Pack:
    """Arrivals of one patient, in order; `streamed` if its single member is not in memory."""

    patient: int
    arrivals: list[Arrival] = field(default_factory=list)
    bytes: int = 0
    streamed: bool = False
    joined: int = 0  # how many items had come when the last of them joined it

    @property
    def light(self) -> bool:
        """Whether its members are so small that Python, not hashing and encrypting, is what sealing it costs."""
        return not self.streamed and self.bytes < LIGHT * len(self.arrivals)


class Packer:
    """Open packs by patient."""

    def __init__(self) -> None:
        self._open: dict[int, Pack] = {}
        self._bytes = 0
        self._came = 0

    def add(self, arrival: Arrival) -> Iterator[Pack]:
        """Packs that are ready now that `arrival` has come."""
        if arrival.content is None:
            yield Pack(arrival.patient, [arrival], streamed=True)
            return
        pack = self._open.setdefault(arrival.patient, Pack(arrival.patient))
        self._came += 1
        pack.joined = self._came
        pack.arrivals.append(arrival)
        pack.bytes += arrival.size
        self._bytes += arrival.size
        if pack.bytes >= PACK_BYTES or len(pack.arrivals) >= PACK_MEMBERS:
            yield self._take(pack.patient)
        elif self._bytes > OPEN_BYTES or len(self._open) > OPEN_PACKS:
            yield self._take(max(self._open.values(), key=lambda held: held.bytes).patient)

    def left_behind(self) -> Iterator[Pack]:
        """Packs that nothing joins any more, as it seems."""
        since = self._came - LEFT_BEHIND
        left = [patient for patient, pack in self._open.items() if pack.joined <= since and pack.bytes >= WORTH]
        return map(self._take, left)

    def rest(self) -> Iterator[Pack]:
        """All packs that are still open."""
        for patient in list(self._open):
            yield self._take(patient)

    def _take(self, patient: int) -> Pack:
        pack = self._open.pop(patient)
        self._bytes -= pack.bytes
        return pack
